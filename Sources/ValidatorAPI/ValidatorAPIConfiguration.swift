import DutyWorkflow

/// Where the validator API listens, and its bounds.
package struct ValidatorAPIConfiguration: Sendable {
    package var host: String
    /// 0 takes any free port.
    package var port: Int
    /// Plain HTTP without.
    package var tls: TLSIdentity?
    /// Answer of `GET /eth/v1/node/version`. Must start with `obolnetwork/charon/`: Vouch looks for the word.
    package var nodeVersion: String
    /// A request that takes longer ends with 408.
    package var requestTimeout: Duration = .seconds(10)
    /// A request that waits for several things answers with those that are there by then. Below `requestTimeout`.
    package var patience: Duration = .milliseconds(9500)
    /// An answer about selections waits so long for later epochs' once the first epoch's are complete.
    package var selectionGrace: Duration = .milliseconds(500)
    /// From a request's first byte to the end of its header.
    package var headerTimeout: Duration = .seconds(1)
    /// From the connection, with TLS included, to the first byte of the first request.
    package var silenceTimeout: Duration = .seconds(5)
    /// A connection is closed when the client has taken nothing of its answer for so long.
    package var writeTimeout = Connections.writeTimeout
    /// A connection between two requests is closed after this.
    package var idleTimeout: Duration = .seconds(300)
    /// Requests being worked on or waiting, event streams included; more are answered with 503.
    package var requestsMax = 4096
    /// Event streams of them. A validator client has one or two. Each takes a connection to a beacon node.
    package var eventStreamsMax = 64
    /// Reads of them that are passed on, until their answers are written. Each takes a connection to every beacon node.
    package var downloadsMax = 128
    /// Connections; more have to wait.
    package var connectionsMax = 8192
    /// Bodies of requests that we answer ourselves. Thousands of ids or attestations fit.
    package var bodyBytesMax = 16 << 20
    /// Bodies with a block and its blobs. Peers exchange 16 MiB at most, which JSON doubles: room for a block of 8 MiB, the
    /// most that execution clients make (EIP-7934), with more blobs than any fork allows.
    package var blockBytesMax = 32 << 20
    /// Bodies of requests that are passed on: they are kept to be sent to every beacon node. The largest are lists of
    /// indices and subscriptions, some 200 bytes each.
    package var proxyBodyBytesMax = 8 << 20
    /// Those of all requests at once; what does not fit is answered with 503.
    package var proxyBodiesBytesMax = 24 << 20
    /// Bodies of all requests that we answer ourselves, at once. Three of the largest blocks; what is read of a body takes as
    /// much again.
    package var allBodiesBytesMax = 96 << 20
    /// Answers of ours that clients have not read yet, at once; what does not fit is answered with 503. Small answers, as
    /// duties need them, always fit.
    package var answersBytesMax = 64 << 20
    /// Told about each request.
    package var observe: @Sendable (ValidatorAPIRecord) -> Void = { _ in }
    /// Told whom a client wants blocks to pay. Nothing comes of it: the cluster's word counts.
    package var wished: @Sendable ([PaymentWish]) -> Void = { _ in }

    package init(host: String, port: Int, nodeVersion: String) {
        self.host = host
        self.port = port
        self.nodeVersion = nodeVersion
    }
}

/// One request, for metrics and logs.
package struct ValidatorAPIRecord: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// Answered by us; the metrics' name of the endpoint.
        case endpoint(String)
        /// Passed on; the path with numbers, hashes and peers replaced.
        case proxy(path: String)
        /// Refused before it was known whose it is: the node is not ready, or there is no such method or path.
        case unrouted
    }

    package var kind: Kind
    package var status: Int
    package var bodyType: BodyType
    /// Until the answer's head.
    package var duration: Duration
    /// Hit the bound, or the client left: to be left out of latencies.
    package var wasInterrupted: Bool
    /// What the client calls itself, cut to size.
    package var agent: String?
    /// Whose key share the request came with, if it is not this operator's.
    package var foreignHolder: ShareIndex?
}
