import Cluster
import SSZ

/// An execution node's JSON-RPC, asked whether contract wallets have signed (ERC-1271), and what it is.
///
/// Source: spec/cluster-files.md §8.2, operations.md §12; https://eips.ethereum.org/EIPS/eip-1271.
package struct ExecutionClient: Sendable {
    private static let callTimeout = Duration.seconds(10)
    private static let answerBytesMax = 1 << 20
    /// How long to wait for a node that starts, and how often to ask.
    package static let startTimeout = Duration.seconds(10)
    private static let startPause = Duration.milliseconds(100)
    private static let startAttempts = 100
    private static let resultBytesMax = 4096
    private static let versionAction = "ask the execution client for its version"

    private let endpoint: ServiceURL
    private let web: WebClient
    private let sleep: @Sendable (Duration) async throws -> Void

    /// - Parameter sleep: tests do not pause.
    package init(
        _ endpoint: ServiceURL, web: WebClient,
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.endpoint = endpoint
        self.web = web
        self.sleep = sleep
    }

    /// Returns once the node answers.
    package func waitUntilConnected() async throws(ServiceError) {
        let start = ContinuousClock.now
        var attempts = 0
        while true {
            attempts += 1
            do throws(ServiceError) {
                _ = try await askVersion()
                return
            } catch {
                let isPatient =
                    start.duration(to: .now) < Self.startTimeout * web.patience && attempts < Self.startAttempts
                guard isPatient, error.cause != .cancelled else {
                    throw ServiceError(
                        action: "connect (eth1 client is not connected)", place: endpoint.description,
                        cause: error.cause)
                }
            }
            do { try await sleep(Self.startPause) } catch { throw failure("connect", .cancelled) }
        }
    }

    /// What it calls itself, e.g. `Geth/v1.16.7-stable/linux-amd64/go1.24`. Asked once.
    package func version() async throws(ServiceError) -> String {
        guard let text = try await askVersion().string, !text.isEmpty else {
            throw failure(Self.versionAction, .malformed("no text"))
        }
        return text
    }

    /// The same of the client at an endpoint.
    ///
    /// - Throws: `ServiceError` if it does not answer well within seconds, `ClusterError` for a bad URL.
    package static func version(at endpoint: String) async throws -> String {
        try await WebClient.with { web in
            let url = try TrustedDealer.url(endpoint, "--execution-client-rpc-endpoint")
            return try await ExecutionClient(url, web: web).version()
        }
    }

    /// What the contract says at the latest block.
    package func answer(_ contractCall: ContractCall) async -> ContractAnswer {
        let transaction: JSONValue = [
            "to": .string(contractCall.address.checksummed), "data": .string(Hex.encode(contractCall.callData)),
        ]
        do throws(ServiceError) {
            let result = try await call(
                "eth_call", [transaction, "latest"], "ask a contract", timeout: Self.callTimeout)
            guard let text = result.string, let bytes = try? Hex.decode(text, bytesMax: Self.resultBytesMax) else {
                return .failed("\(endpoint) returned no hex")
            }
            return .returned(bytes)
        } catch {
            return .failed("\(error)")
        }
    }

    /// Asks all contracts that a verification waits for.
    package func settle(_ verification: inout Verification) async {
        for call in verification.contractCalls { verification.answer(call, await answer(call)) }
    }

    private func askVersion() async throws(ServiceError) -> JSONValue {
        try await call("web3_clientVersion", [], Self.versionAction, timeout: .seconds(2))
    }

    private func call(
        _ method: String, _ parameters: [JSONValue], _ action: String, timeout: Duration
    ) async throws(ServiceError) -> JSONValue {
        let body: JSONValue = [
            "jsonrpc": "2.0", "id": 1, "method": .string(method), "params": .array(parameters),
        ]
        var request = WebClient.Request(endpoint.target, timeout: timeout, answerBytesMax: Self.answerBytesMax)
        request.method = .POST
        request.authorization = endpoint.authorization
        request.body = body.bytes()
        do throws(ServiceError.Cause) {
            let answer = try await web.send(request)
            guard answer.isSuccess else { throw answer.fault() }
            guard let json = try? JSONValue(parsing: answer.body), json.object != nil else {
                throw .malformed("not a JSON object")
            }
            if let error = json["error"], !error.isNull {
                let message = ServiceError.excerpt(error["message"]?.string ?? "no reason given")
                throw .malformed("the call failed: \(message)")
            }
            guard let result = json["result"] else { throw .malformed("neither result nor error") }
            return result
        } catch {
            throw failure(action, error)
        }
    }

    private func failure(_ action: String, _ cause: ServiceError.Cause) -> ServiceError {
        ServiceError(action: action, place: endpoint.description, cause: cause)
    }
}
