import Ethereum

/// A block, or its contents with blobs, as a beacon node made it: still encoded, since only its fork tells its form.
package struct ProducedBlock: Hashable, Sendable {
    package let fork: ForkName
    /// The execution payload is a header only: a builder has the rest.
    package let isBlinded: Bool
    /// SSZ: the block or its contents. JSON: the whole answer, whose member `data` that is.
    package let body: EncodedBody

    package init(fork: ForkName, isBlinded: Bool, body: EncodedBody) {
        self.fork = fork
        self.isBlinded = isBlinded
        self.body = body
    }
}
