import Cluster
import Ethereum
import SSZ
import Secp256k1

/// The public service that cluster files can be published to (`--publish-address`), and where operators leave what they
/// signed for each other. Source: spec/cli-create.md §12.
package struct ObolAPI: Sendable {
    package enum Verb: Sendable {
        /// 404 is an answer: there is no such thing.
        case get, delete
        /// A question with a body; 404 as above.
        case query
        /// Something is handed over; 409 counts as success: it is there already.
        case post
    }

    package enum Reply: Equatable, Sendable {
        case body([UInt8])
        /// With the start of what the service says about it.
        case absent(String)
    }

    package static let defaultAddress = "https://api.obol.tech/v1"
    /// For publishing from the `create` commands.
    package static let createTimeout = Duration.seconds(10)
    /// For everything else (`--publish-timeout`).
    package static let defaultTimeout = Duration.seconds(300)
    /// Where nothing in the answer is used.
    package static let answerBytesMax = 1 << 20

    /// Of Obol's terms and conditions, version 1: what `EIP712.termsAndConditions` signs.
    private static let termsHash = "0xd33721644e8f3afab1495a74abe3523cec12d48b8da6cb760972492ca3f1a273"

    let base: ServiceURL
    private let web: WebClient
    private let timeout: Duration

    package init(_ base: ServiceURL, timeout: Duration = createTimeout, web: WebClient) {
        self.base = base
        self.timeout = timeout
        self.web = web
    }

    /// Where calls go, for people.
    package var place: String { base.origin }

    /// Makes the lock public. The path of the base URL is dropped, as Charon does.
    ///
    /// - Returns: where people find it on the launchpad.
    @discardableResult
    package func publish(_ lock: Lock) async throws -> String {
        let lock = try lock.withHashes()
        try await post(
            "publish the lock", base.replacingPath(with: "/lock"), bearer: nil, Self.compact(lock.encoded()))
        return base.replacingPath(with: "/lock/0x\(Hex.encodeBare(lock.lockHash.bytes).uppercased())/launchpad")
    }

    /// Makes the definition public, in the creator's name.
    package func publish(_ definition: Definition) async throws {
        try await post(
            "publish the definition", base.appending("/definition"), bearer: definition.creator.configSignature,
            Self.compact(definition.encoded()))
    }

    /// Accepts the service's terms with an Ethereum account; needed before it takes a definition from that account.
    package func acceptTerms(_ account: Secp256k1.PrivateKey, forkVersion: ForkVersion) async throws {
        let body: JSONValue = [
            "address": .string(EthereumAddress(account.publicKey).checksummed), "version": 1,
            "terms_and_conditions_hash": .string(Self.termsHash),
            "fork_version": .string(forkVersion.hex),
        ]
        try await post(
            "accept the terms and conditions", base.appending("/termsAndConditions"),
            bearer: account.sign(digest: EIP712.termsAndConditions.digest(chainID: 0)).bytes, body.bytes())
    }

    /// Stores results of `alpha test`, below the path of the base.
    package func publish(_ results: SignedTestResults) async throws {
        try await post("publish the test results", base.appending("/test"), bearer: nil, results.json.bytes())
    }

    /// Where a published definition is, for `--definition-file`.
    package func address(ofDefinition configHash: Root) -> String { base.appending("/definition/\(configHash.hex)") }

    /// A call below the host: the path of the base URL is dropped, as Charon does.
    ///
    /// - Parameters:
    ///   - action: for errors: "hand over partial exits".
    ///   - signature: of an identity key, sent as bearer.
    package func call(
        _ action: String, _ verb: Verb, _ path: String, bearer signature: Bytes65? = nil, body: JSONValue? = nil,
        answerBytesMax: Int = ObolAPI.answerBytesMax
    ) async throws(ServiceError) -> Reply {
        try await send(
            action, verb, base.replacingPath(with: path), bearer: signature?.bytes, body?.bytes(), answerBytesMax)
    }

    private func post(
        _ action: String, _ url: String, bearer signature: [UInt8]?, _ body: [UInt8]
    ) async throws(ServiceError) {
        _ = try await send(action, .post, url, bearer: signature, body, Self.answerBytesMax)
    }

    private func send(
        _ action: String, _ verb: Verb, _ url: String, bearer signature: [UInt8]?, _ body: [UInt8]?,
        _ answerBytesMax: Int
    ) async throws(ServiceError) -> Reply {
        var request = WebClient.Request(url, timeout: timeout, answerBytesMax: answerBytesMax)
        request.method =
            switch verb {
            case .get: .GET
            case .delete: .DELETE
            case .query, .post: .POST
            }
        request.authorization = signature.map { "Bearer " + Hex.encode($0) } ?? base.authorization
        request.body = body
        let secrets = signature.map { [Hex.encode($0), Hex.encodeBare($0)] } ?? []
        do throws(ServiceError.Cause) {
            let answer = try await web.send(request)
            switch (verb, answer.status) {
            // It has this already, from an attempt before.
            case (_, 200..<300), (.post, 409): return .body(answer.body)
            case (.get, 404), (.delete, 404), (.query, 404): return .absent(answer.excerpt(secrets: secrets))
            default: throw answer.fault(secrets: secrets)
            }
        } catch {
            throw ServiceError(action: action, place: "--publish-address \(base.shown)", cause: error)
        }
    }

    private static func compact(_ file: [UInt8]) throws -> [UInt8] {
        try JSONValue(parsing: file, limits: JSONLimits(bytesMax: file.count)).bytes()
    }
}
