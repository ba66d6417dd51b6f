import BeaconAPI
import NIOCore
import NIOHTTP1

/// A request that any node can be asked.
struct OutgoingRequest: Sendable {
    /// For metrics, logs and errors.
    var name: String
    var method: HTTPMethod
    /// Path and query.
    var target: String
    var headers: HeaderFields
    /// One copy for all nodes.
    var body: ByteBuffer?
    var timeout: Duration
    var answerBytesMax: Int
    /// Slower nodes get the request even after a faster one has answered.
    var reachesAllNodes: Bool
    /// All primary nodes get it at once, instead of the next when one is late.
    var asksAllNodes: Bool
    /// How long other nodes may still succeed once one has refused; nil: for the whole time-out.
    var refusalPatience: Duration?
    /// What its answers, of all nodes, take of what several requests may hold together; nil where their own bound is
    /// bound enough.
    var share: ByteBudget.Share?
    /// The same for nodes that do not know SSZ; nil where there is none in it. Large bodies take a while.
    var json: (@Sendable () -> OutgoingRequest)?
}

extension OutgoingRequest {
    /// The same, whose answers are counted, in whatever form it is asked.
    func holding(_ share: ByteBudget.Share) -> OutgoingRequest {
        var request = self
        request.share = share
        if let json { request.json = { json().holding(share) } }
        return request
    }

    init(_ endpoint: BeaconEndpoint, timeout: Duration) {
        self.init(
            name: endpoint.name, method: HTTPMethod(rawValue: endpoint.method.rawValue), target: endpoint.target,
            headers: endpoint.headers, body: endpoint.body.map { ByteBuffer(bytes: $0) }, timeout: timeout,
            answerBytesMax: endpoint.answerBytesMax, reachesAllNodes: endpoint.isSubmission,
            asksAllNodes: endpoint.asksAllNodes)
        headers.set(HeaderName.userAgent, "styx")
        guard headers[HeaderName.accept] == MediaType.sszOrJSON else { return }
        var plain = self
        plain.headers.set(HeaderName.accept, MediaType.json)
        json = { [plain] in plain }
    }
}
