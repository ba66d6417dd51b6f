/// Where a `LogWriter` writes. Used on its thread alone; may block there.
package protocol LogDestination {
    /// - Parameter records: at least one, oldest first.
    mutating func write(_ records: [LogRecord])
}
