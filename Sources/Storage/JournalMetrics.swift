/// Counts since the journal was opened. Plain numbers; `Node` turns them into metrics.
package struct JournalMetrics: Equatable, Sendable {
    /// Transactions that reached the disk.
    package var commits = 0
    /// Records in them.
    package var records = 0
    /// Most calls that shared one transaction.
    package var largestGroup = 0
    /// Calls refused because they contradict what is durable, or cannot be recorded.
    package var refused = 0
    /// Second, different partials of peers: the first stays, the call succeeds.
    package var partialsIgnored = 0
    /// Partials of peers that were not kept, because the file is nearly full.
    package var partialsDropped = 0
    /// Rows deleted: old ones, and partials of peers to make room.
    package var rowsSwept = 0
    /// Calls that wait for the disk now.
    package var waiting = 0

    package init() {}
}
