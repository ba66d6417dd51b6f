/// What a log file needs of a disk.
protocol LogDisk: Sendable {
    /// Opens for appending; makes the file, and directories that are missing.
    ///
    /// - Returns: bytes that are in it.
    mutating func open(_ path: String) throws(DiskFault) -> Int
    mutating func append(_ bytes: [UInt8]) throws(DiskFault)
    /// Whether the path still leads to what is open.
    func isInPlace(_ path: String) -> Bool
    mutating func close()

    func rename(_ old: String, to new: String) throws(DiskFault)
    /// Names in a directory; none if it cannot be read.
    func names(in directory: String) -> [String]
    func remove(_ path: String)
    /// Puts a compressed copy at `new`, whole or not at all. The original stays.
    func compress(_ old: String, to new: String) throws(DiskFault)
}

/// What a disk did not do.
struct DiskFault: Error, Equatable, CustomStringConvertible {
    let action: String
    let path: String
    let reason: String
    /// Bytes that were written all the same.
    var written = 0

    var description: String { "\(action) \(path): \(reason)" }
}
