/// A body that is there already.
package struct ProxyBody: AsyncSequence, Sendable {
    package typealias Element = [UInt8]
    package typealias Failure = any Error

    private let chunks: [[UInt8]]
    private let share: ByteBudget.Share?

    /// - Parameter share: what it takes of what all of them may hold; given back when it is read to its end or dropped.
    package init(chunks: [[UInt8]], holding share: ByteBudget.Share? = nil) {
        self.chunks = chunks
        self.share = share
    }

    package func makeAsyncIterator() -> Iterator { Iterator(rest: chunks[...], share: share) }

    package struct Iterator: AsyncIteratorProtocol {
        fileprivate var rest: ArraySlice<[UInt8]>
        fileprivate let share: ByteBudget.Share?

        package mutating func next() async throws -> [UInt8]? {
            if let chunk = rest.popFirst() { return chunk }
            share?.giveBack()
            return nil
        }
    }
}
