import Ethereum

/// A signed block, or its contents with blobs, as it is published.
package struct BlockSubmission: Sendable {
    package let fork: ForkName
    package let isBlinded: Bool
    package let body: EncodedBody
    /// The same as JSON, made only if a node does not take SSZ; nil if the body is JSON.
    package let json: (@Sendable () -> [UInt8])?

    /// - Parameter json: called from any thread, at most once for each node.
    package init(fork: ForkName, isBlinded: Bool, ssz: [UInt8], json: @escaping @Sendable () -> [UInt8]) {
        self.fork = fork
        self.isBlinded = isBlinded
        body = EncodedBody(.ssz, ssz)
        self.json = json
    }

    package init(fork: ForkName, isBlinded: Bool, json: [UInt8]) {
        self.fork = fork
        self.isBlinded = isBlinded
        body = EncodedBody(.json, json)
        self.json = nil
    }
}
