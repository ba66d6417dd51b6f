/// A body that is there already.
package struct ProxyBody: AsyncSequence, Sendable {
    package typealias Element = [UInt8]
    package typealias Failure = any Error

    private let chunks: [[UInt8]]

    package init(chunks: [[UInt8]]) {
        self.chunks = chunks
    }

    package func makeAsyncIterator() -> Iterator { Iterator(rest: chunks[...]) }

    package struct Iterator: AsyncIteratorProtocol {
        fileprivate var rest: ArraySlice<[UInt8]>

        package mutating func next() async throws -> [UInt8]? { rest.popFirst() }
    }
}
