import BeaconAPI

/// An answer without success: status, and `{"code":…,"message":…}` as body (validator-api.md §1.2).
struct APIFault: Error, Hashable {
    var status: Int
    var message: String
    var failures: [APIErrorBody.Failure] = []
    /// For the log, never for the client.
    var detail: String?
    /// Reading the request was given up half way, so the connection cannot be used again.
    var closesConnection = false
    /// Methods that would be taken, for `Allow`.
    var allowed: String?

    init(_ status: Int, _ message: String, detail: String? = nil) {
        self.status = status
        self.message = message
        self.detail = detail
    }

    var body: APIErrorBody { APIErrorBody(code: status, message: message, failures: failures) }
}

extension APIFault {
    static let interrupted: APIFault = {
        var fault = APIFault(408, "client cancelled request")
        fault.closesConnection = true
        return fault
    }()

    /// The rest of the body is read and dropped, so that the client gets to see this.
    static let bodyTooLarge = APIFault(413, "request body too large")
    static let overloaded = APIFault(503, "too many requests are waiting")
    static let tooManyStreams = APIFault(503, "too many event streams are open")
    static let tooManyDownloads = APIFault(503, "too many reads from beacon nodes are under way")
    static let tooManyBytes = APIFault(503, "the bodies of all requests together are too large")
    static let tooManyAnswers = APIFault(503, "the answers that clients have not read yet are too large together")
    static let notFound = APIFault(404, "NotFound")
    static let emptyBody = APIFault(400, "empty request body")
    static let wrongContentType = APIFault(415, "Cannot read the supplied content type.")

    /// An `Expect` that means nothing to us. The client may still wait with its body.
    static let expectation: APIFault = {
        var fault = APIFault(417, "unsupported expectation")
        fault.closesConnection = true
        return fault
    }()

    static func method(allowed: String) -> APIFault {
        var fault = APIFault(405, "method not allowed")
        fault.allowed = allowed
        return fault
    }

    static func badJSON(_ error: some Error) -> APIFault {
        APIFault(400, "failed parsing json request body", detail: "\(error)")
    }

    static func badSSZ(_ error: some Error) -> APIFault {
        APIFault(415, "failed parsing ssz request body", detail: "\(error)")
    }

    static func internalError(_ error: any Error) -> APIFault {
        APIFault(500, "Internal server error", detail: "\(error)")
    }

    /// An error list for objects of a request.
    static func failures(_ message: String, _ failures: [APIErrorBody.Failure]) -> APIFault {
        var fault = APIFault(400, message)
        fault.failures = failures
        return fault
    }
}

extension APIFault {
    /// What the client gets to see of an error.
    init(_ error: any Error) {
        switch error {
        case let fault as APIFault: self = fault
        case let refusal as ValidatorAPIRefusal: self.init(refusal)
        case let fault as KeyFault: self.init(400, fault.description)
        case let error as BeaconError: self.init(error)
        case is CancellationError, is Interruption: self = .interrupted
        default: self = .internalError(error)
        }
    }

    init(_ refusal: ValidatorAPIRefusal) {
        switch refusal {
        case .refused(let reason): self.init(400, reason)
        case .notFound(let reason): self.init(404, reason)
        case .unavailable(let reason): self.init(503, reason)
        }
    }

    private init(_ error: BeaconError) {
        switch error.cause {
        case .status(let body, let status) where (400..<600).contains(status):
            self.init(status, body.message, detail: "\(error)")
            failures = body.failures
        case .syncing: self.init(503, "beacon node is syncing", detail: "\(error)")
        case .timeout: self.init(503, "no beacon node answered in time", detail: "\(error)")
        case .connection: self.init(503, "no beacon node can be reached", detail: "\(error)")
        case .absent(let what): self.init(503, what, detail: "\(error)")
        case .malformed, .tooLarge: self.init(500, "the beacon node's answer is not usable", detail: "\(error)")
        case .cancelled: self = .interrupted
        case .status: self = .internalError(error)
        }
    }
}
