import Cluster
import Ethereum
import SSZ
import Secp256k1

/// The public service that cluster files can be published to (`--publish-address`). Source: spec/cli-create.md §12.
package struct ObolAPI: Sendable {
    package static let defaultAddress = "https://api.obol.tech/v1"
    /// For publishing from the `create` commands.
    package static let createTimeout = Duration.seconds(10)
    /// Nothing in the answers is used.
    private static let answerBytesMax = 1 << 20

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

    /// Where a published definition is, for `--definition-file`.
    package func address(ofDefinition configHash: Root) -> String { base.appending("/definition/\(configHash.hex)") }

    private func post(
        _ action: String, _ url: String, bearer signature: [UInt8]?, _ body: [UInt8]
    ) async throws(ServiceError) {
        var request = WebClient.Request(url, timeout: timeout, answerBytesMax: Self.answerBytesMax)
        request.method = .POST
        request.authorization = signature.map { "Bearer " + Hex.encode($0) } ?? base.authorization
        request.body = body
        do throws(ServiceError.Cause) {
            let answer = try await web.send(request)
            // 409: it has this already, from an attempt before.
            guard answer.isSuccess || answer.status == 409 else {
                throw answer.fault(secrets: signature.map { [Hex.encode($0), Hex.encodeBare($0)] } ?? [])
            }
        } catch {
            throw ServiceError(action: action, place: base.shown, cause: error)
        }
    }

    private static func compact(_ file: [UInt8]) throws -> [UInt8] {
        try JSONValue(parsing: file, limits: JSONLimits(bytesMax: file.count)).bytes()
    }
}
