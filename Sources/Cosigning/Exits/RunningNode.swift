import BeaconAPI
import Cluster
import ClusterSetup
import Ethereum
import SSZ

/// This operator's running node, as its validator client sees it: the validator API (validator-api.md).
package struct RunningNode: Sendable {
    /// Why a call did not succeed.
    enum Fault: Error, Equatable {
        /// Worth another try later, and the same for every other call now.
        case unavailable(ClusterError)
        /// This one thing was refused, with the node's reason.
        case refused(String)
        /// There is no such path.
        case unknown(ClusterError)
    }

    package static let defaultAddress = "127.0.0.1:3600"
    package static let defaultTimeout = Duration.seconds(30)
    package static let option = "--validator-api-address"
    private static let authorityOption = "--validator-api-ca-file"
    private static let authorityBytesMax = 1 << 20
    private static let answerBytesMax = 64 << 10
    /// Of one validator in a list.
    private static let rowBytesMax = 2 << 10

    private let base: ServiceURL
    private let timeout: Duration
    private let web: WebClient

    /// - Parameter address: `ip:port` as `styx run` takes it, where every address of a machine stands for the machine
    ///   itself; or a URL.
    package init(_ address: String, timeout: Duration = defaultTimeout, web: WebClient) throws(ClusterError) {
        do throws(ServiceURL.Fault) {
            base = try ServiceURL(Self.url(address))
        } catch {
            // Not the text itself: it may hold a password.
            throw .option(Self.option, "\(error); write ip:port, e.g. \(Self.defaultAddress), or a URL")
        }
        self.timeout = timeout
        self.web = web
    }

    /// - Parameters:
    ///   - file: PEM; nil is returned for an empty path.
    package static func trust(_ file: String, address: String) throws(ClusterError) -> TrustRoots? {
        guard !file.isEmpty else { return nil }
        guard address.lowercased().hasPrefix("https://") else {
            throw .option(
                authorityOption,
                "is for TLS, and \(option) does not begin with https://; write e.g."
                    + " https://\(defaultAddress)")
        }
        guard let trust = TrustRoots(pem: try FileAccess.read(file, bytesMax: authorityBytesMax)) else {
            throw .option(authorityOption, "\(file) holds no certificate in PEM form")
        }
        return trust
    }

    /// For people.
    package var place: String { base.origin }

    private static func url(_ address: String) -> String {
        guard !address.contains("://") else { return address }
        guard let colon = address.lastIndex(of: ":") else { return "http://" + address }
        let (host, port) = (String(address[..<colon]), address[colon...])
        switch host {
        case "", "0.0.0.0": return "http://127.0.0.1" + port
        case "[::]": return "http://[::1]" + port
        default: return "http://" + host + port
        }
    }

    /// What the node says of validators under this operator's key shares: those that it knows.
    func validators(of shares: [PubKey]) async throws(Fault) -> [PubKey: BeaconValidator] {
        let body: JSONValue = ["ids": .array(shares.map { .string($0.hex) })]
        let bytes = try await post(
            "/eth/v1/beacon/states/head/validators", body,
            answerBytesMax: Self.answerBytesMax + shares.count * Self.rowBytesMax)
        do {
            let json = try JSONValue(
                parsing: bytes, limits: JSONLimits(bytesMax: bytes.count, depthMax: 8, valuesMax: 1_000_000))
            let rows = try json.member("data") { json throws(SSZError) in
                try json.elements(limit: shares.count) { json throws(SSZError) in try BeaconValidator(json: json) }
            }
            return Dictionary(rows.map { ($0.validator.pubKey, $0) }, uniquingKeysWith: { first, _ in first })
        } catch {
            throw .unavailable(strange("a list of validators that cannot be read (\(error))"))
        }
    }

    /// Leaves one partial exit with the node, which has it on disk when this returns.
    func submit(_ exit: SignedVoluntaryExit) async throws(Fault) {
        _ = try await post("/eth/v1/beacon/pool/voluntary_exits", exit.json(), answerBytesMax: Self.answerBytesMax)
    }

    /// How far exits of an epoch are, by validator; nil from a node that does not tell.
    func progress(in epoch: Epoch, validators: Int) async throws(Fault) -> [PubKey: ExitState]? {
        let bytes: [UInt8]
        do throws(Fault) {
            bytes = try await ask(
                "/styx/v1/exits/\(epoch)", nil, answerBytesMax: Self.answerBytesMax + validators * Self.rowBytesMax)
        } catch {
            // Passed on to a beacon node, which does not know it either.
            if case .unknown = error { return nil }
            throw error
        }
        do {
            let json = try JSONValue(
                parsing: bytes, limits: JSONLimits(bytesMax: bytes.count, depthMax: 8, valuesMax: 1_000_000))
            let rows = try json.member("data") { json throws(SSZError) in
                try json.elements(limit: validators) { json throws(SSZError) in try ExitState(json: json) }
            }
            return Dictionary(rows.map { ($0.pubKey, $0) }, uniquingKeysWith: { first, _ in first })
        } catch {
            throw .unavailable(strange("a list of exits that cannot be read (\(error))"))
        }
    }

    private func post(_ path: String, _ body: JSONValue, answerBytesMax: Int) async throws(Fault) -> [UInt8] {
        do throws(Fault) {
            return try await ask(path, body, answerBytesMax: answerBytesMax)
        } catch {
            guard case .unknown(let fault) = error else { throw error }
            throw .unavailable(fault)
        }
    }

    /// - Parameter body: nil for GET.
    private func ask(
        _ path: String, _ body: JSONValue?, answerBytesMax: Int
    ) async throws(Fault) -> [UInt8] {
        var request = WebClient.Request(base.appending(path), timeout: timeout, answerBytesMax: answerBytesMax)
        request.method = body == nil ? .GET : .POST
        request.authorization = base.authorization
        request.body = body?.bytes()
        let answer: WebClient.Answer
        do throws(ServiceError.Cause) {
            answer = try await web.send(request)
        } catch {
            throw .unavailable(Self.unreachable(error, place))
        }
        let reason = APIErrorBody(lenient: answer.body, status: answer.status).message
        switch answer.status {
        case 200..<300: return answer.body
        case 400: throw .refused(reason.isEmpty ? "no reason given" : reason)
        case 503:
            throw .unavailable(
                .option(Self.option, "the node at \(place) is not ready: \(reason); run this again when it is"))
        case 404, 405, 501:
            throw .unknown(strange("status \(answer.status)" + (reason.isEmpty ? "" : " (\(reason))")))
        default:
            throw .unavailable(strange("status \(answer.status)" + (reason.isEmpty ? "" : " (\(reason))")))
        }
    }

    private func strange(_ what: String) -> ClusterError {
        .option(Self.option, "\(place) answered with \(what); is this the validator API of the operator's own node?")
    }

    private static func unreachable(_ cause: ServiceError.Cause, _ place: String) -> ClusterError {
        let cure = "start the node with `styx run`, or say where its validator API listens"
        return switch cause {
        case .connection, .timeout: .option(option, "no node answers at \(place): \(cause); \(cure)")
        case .tls:
            .option(
                option,
                "\(place): \(cause); give what the node's certificate comes from in \(authorityOption), and an address"
                    + " whose host it is for")
        case .status, .redirected, .tooLarge, .malformed, .cancelled: .option(option, "\(place): \(cause)")
        }
    }
}
