import Storage

/// A journal that cannot be used keeps a node from signing, not from saying so: it is tried again until it can be, or the
/// operator ends the node. Room on a disk, or a file that is put back, cures by itself.
struct JournalWait {
    static let pause = Duration.seconds(12)

    /// Told when the reason changes.
    let refused: (JournalError) -> Void
    var sleep: (Duration) async throws -> Void = { try await Task.sleep(for: $0) }

    /// - Throws: what `sleep` throws.
    func run<Value>(_ open: () async throws(JournalError) -> Value) async throws -> Value {
        var told: JournalError?
        while true {
            do throws(JournalError) {
                return try await open()
            } catch {
                if error != told { refused(error) }
                told = error
            }
            try await sleep(Self.pause)
        }
    }
}
