/// A request that is passed on to beacon nodes as it came.
package struct ProxyRequest: Hashable, Sendable {
    /// Upper case, e.g. `GET`.
    package var method: String
    /// Path and query as the client wrote them; starts with `/`.
    package var target: String
    package var headers: HeaderFields
    package var body: [UInt8]

    package init(method: String, target: String, headers: HeaderFields = [:], body: [UInt8] = []) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
    }

    /// Methods that change nothing at the server, so that slower servers may be cut off. Source: RFC 9110 §9.2.1.
    package var isSafe: Bool { ["GET", "HEAD", "OPTIONS", "TRACE"].contains(method) }
}

/// A beacon node's answer to a passed-on request, whatever its status.
package struct ProxyResponse: Sendable {
    /// The chunks of the body as they arrive. Iterating once; dropping it ends the connection to the beacon node.
    package typealias Body = any AsyncSequence<[UInt8], any Error> & Sendable

    package var status: Int
    package var headers: HeaderFields
    package var body: Body

    package init(status: Int, headers: HeaderFields, body: Body) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}
