import BLS
import BeaconAPI
import BeaconTestSupport
import ClusterSetup
import DutyWorkflow
import Ethereum
import Logging
import Program
import RemoteSigner
import SSZ
import Synchronization
import Testing

@testable import Node

@Suite("signing by a remote signer") struct RemoteSigningTests {
    /// A signer that has the key shares of some validators, and signs for one of them with another's.
    private static func answer(_ request: ProxyRequest, _ shares: [SecretKey], wrong: Int?) -> FakeBeaconNode.Answer {
        if request.target.hasSuffix("publicKeys") {
            return .json(JSONValue.array(shares.map { .string($0.publicKey.bytes.hex) }).text())
        }
        let position = shares.firstIndex { request.target.hasSuffix($0.publicKey.bytes.hex) }
        guard let position, let body = try? JSONValue(parsing: request.body),
            let root = body["signingRoot"]?.string.flatMap({ try? Root(hex: $0) }),
            body["type"]?.string == "ATTESTATION"
        else { return .json("", status: 404) }
        let key = shares[position == wrong ? (position + 1) % shares.count : position]
        return .json("{\"signature\":\"\(key.sign(root).bytes.hex)\"}")
    }

    private func outcome(of scene: DutyScene, shares: [SecretKey], wrong: Int? = nil) async throws -> Signer.Outcome {
        try await FakeBeaconNode.with({ Self.answer($0, shares, wrong: wrong) }) { server in
            let verifier = scene.verifier
            let keys = scene.keys
            let client = SignerClient(
                SignerConfiguration(urls: [try ServiceURL(server.url)], timeout: .seconds(20)),
                check: verifier.check(under: keys), listed: { _ in },
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            client.start()
            let signer = Signer(
                backend: .remote(client), keys: keys, chain: scene.view, threads: scene.threads, verifier: verifier)
            let objects = try scene.objects()
            let sum = Mutex(Signer.Outcome())
            let outcome = await withCheckedContinuation { continuation in
                signer.sign(scene.duty, objects) { part in
                    let whole = sum.withLock { sum -> Signer.Outcome? in
                        sum.signed.merge(part.signed) { old, _ in old }
                        sum.failures.merge(part.failures) { old, _ in old }
                        return sum.signed.count + sum.failures.count == objects.count ? sum : nil
                    }
                    if let whole { continuation.resume(returning: whole) }
                }
            }
            await client.shutdown()
            try await scene.threads.shutdown()
            return outcome
        }
    }

    @Test("makes what keystores make")
    func signs() async throws {
        let scene = try DutyScene(validators: 5)
        let shares = scene.validators.map { $0.shares[DutyScene.own.rawValue] }
        let outcome = try await outcome(of: scene, shares: shares)
        #expect(try outcome.signed == scene.partials())
        #expect(outcome.failures.isEmpty)
    }

    @Test("serves the others when one has no key or gets a wrong signature, which is never handed on")
    func failures() async throws {
        let scene = try DutyScene(validators: 4)
        let shares = scene.validators.map { $0.shares[DutyScene.own.rawValue] }
        let outcome = try await outcome(of: scene, shares: Array(shares.dropLast()), wrong: 1)
        let expected = try scene.partials()
        #expect(outcome.signed.count == 2)
        for (entry, partial) in outcome.signed { #expect(partial == expected[entry]) }
        #expect(outcome.failures[scene.validators[3].entry] == .remote(.noKey))
        guard case .remote(.wrongSignature)? = outcome.failures[scene.validators[1].entry] else {
            Issue.record("\(outcome.failures)")
            return
        }
    }
}
