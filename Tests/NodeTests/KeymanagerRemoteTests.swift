import BLS
import BeaconAPI
import BeaconTestSupport
import ClusterSetup
import DutyWorkflow
import Ethereum
import KeymanagerAPI
import Logging
import RemoteSigner
import SSZ
import Synchronization
import TestSupport
import Testing

@testable import Node

@Suite("remote key shares taken in and out of use", .timeLimit(.minutes(2)))
struct KeymanagerRemoteTests {
    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func words(_ statuses: [KeyStatus]) -> [KeyStatus.Word] { statuses.map(\.word) }

    /// A keymanager before a signer that has all key shares; the signer's URL.
    ///
    /// - Parameter signs: has to be over before the signer signs anything.
    private func with(
        _ scene: ShareScene, signs: @escaping @Sendable () async -> Void = {},
        _ body: (Keymanager, Signer, RetiredKeys, _ url: String) async throws -> Void
    ) async throws {
        let duties = scene.scene
        let shares = duties.validators.map { $0.shares[0] }
        let respond: FakeBeaconNode.Responder = { request in
            if !request.target.hasSuffix("publicKeys") { await signs() }
            return Self.answer(request, shares)
        }
        try await FakeBeaconNode.with(respond) { server in
            let (lists, listed) = AsyncStream.makeStream(of: Void.self)
            let client = SignerClient(
                SignerConfiguration(urls: [try ServiceURL(server.url)], timeout: .seconds(20)),
                check: duties.verifier.check(under: duties.keys), listed: { _ in listed.yield() }, logger: Self.quiet)
            client.start()
            for await _ in lists { break }
            let retired = try RetiredKeys(path: scene.directory.file("retired.json"))
            let unused = duties.validators.filter { retired.all.contains($0.shares[0].publicKey.bytes) }.map(\.pubKey)
            let signer = Signer(
                backend: .remote(client), keys: duties.keys, chain: duties.view, threads: duties.threads,
                verifier: duties.verifier, unused: Set(unused))
            let keymanager = Keymanager(
                shares: ShareScene.shares(duties), ring: signer.ring, store: .remote(client, retired), files: [:],
                genesisValidatorsRoot: ShareScene.chain,
                hands: Keymanager.Hands(
                    heed: { _ in }, history: { _ in SlashingHistory() }, feeRecipient: { _ in nil },
                    registration: { _ in nil }, graffiti: { _ in nil }, graffitiBytesMax: 28,
                    settings: scene.settings, changed: {}, exit: { _, _ in throw ShareScene.Refused() }),
                threads: scene.threads, logger: Self.quiet)
            try await body(keymanager, signer, retired, server.url)
            await client.shutdown()
        }
    }

    private static func answer(_ request: ProxyRequest, _ shares: [SecretKey]) -> FakeBeaconNode.Answer {
        if request.target.hasSuffix("publicKeys") {
            return .json(JSONValue.array(shares.map { .string($0.publicKey.bytes.hex) }).text())
        }
        guard let key = shares.first(where: { request.target.hasSuffix($0.publicKey.bytes.hex) }),
            let body = try? JSONValue(parsing: request.body),
            let root = body["signingRoot"]?.string.flatMap({ try? Root(hex: $0) })
        else { return .json("", status: 404) }
        return .json("{\"signature\":\"\(key.sign(root).bytes.hex)\"}")
    }

    private func signed(_ scene: ShareScene, by signer: Signer) async throws -> Set<PubKey> {
        let objects = try scene.scene.objects()
        let sum = Mutex(Signer.Outcome())
        let whole = await withCheckedContinuation { continuation in
            signer.sign(scene.scene.duty, objects) { part in
                let whole = sum.withLock { sum -> Signer.Outcome? in
                    sum.signed.merge(part.signed) { old, _ in old }
                    sum.failures.merge(part.failures) { old, _ in old }
                    return sum.signed.count + sum.failures.count == objects.count ? sum : nil
                }
                if let whole { continuation.resume(returning: whole) }
            }
        }
        return Set(whole.signed.keys.map(\.pubKey))
    }

    @Test("one that is out signs nothing, also after a restart, until it is in again")
    func inAndOut() async throws {
        let scene = try ShareScene(validators: 3)
        let all = Set(scene.scene.validators.map(\.pubKey))
        try await with(scene) { keymanager, signer, retired, url in
            let listed = (0..<3).map { ListedRemoteKey(pubKey: scene.share($0), url: url) }
            #expect(keymanager.remoteKeys() == listed.sorted { $0.pubKey < $1.pubKey })
            #expect(keymanager.keystores().isEmpty)
            #expect(try await signed(scene, by: signer) == all)
            let asked = [scene.share(1), PubKey(padding: [1]), scene.pubKey(0), scene.share(1)]
            let statuses = try await keymanager.deleteRemoteKeys(asked)
            #expect(words(statuses) == [.deleted, .notFound, .notFound, .notFound])
            #expect(try await signed(scene, by: signer) == all.subtracting([scene.pubKey(1)]))
            #expect(retired.all == [scene.share(1)])
            #expect(words(try await keymanager.deleteRemoteKeys([scene.share(1)])) == [.notFound])
        }
        try await with(scene) { keymanager, signer, _, url in
            #expect(try await signed(scene, by: signer) == all.subtracting([scene.pubKey(1)]))
            #expect(keymanager.remoteKeys().count == 2)
            let statuses = try await keymanager.importRemoteKeys([
                RemoteKey(pubKey: scene.share(1), url: "https://elsewhere:9000"),
                RemoteKey(pubKey: scene.share(1, of: 2), url: url), RemoteKey(pubKey: scene.share(1), url: url),
                RemoteKey(pubKey: scene.share(1), url: url), RemoteKey(pubKey: scene.share(0), url: nil),
            ])
            #expect(words(statuses) == [.error, .error, .imported, .duplicate, .duplicate])
            #expect(statuses[0].message?.contains("--signer-url") == true)
            #expect(try await signed(scene, by: signer) == all)
        }
        #expect(try RetiredKeys(path: scene.directory.file("retired.json")).all.isEmpty)
        try await scene.stop()
    }

    @Test("one that is taken out while its signer is asked makes nothing; the others' signatures come")
    func underWay() async throws {
        let scene = try ShareScene(validators: 3)
        let all = Set(scene.scene.validators.map(\.pubKey))
        let (asked, answers) = (Gate(), Gate())
        let signs: @Sendable () async -> Void = {
            asked.open()
            await answers.wait()
        }
        try await with(scene, signs: signs) { keymanager, signer, _, _ in
            async let made = signed(scene, by: signer)
            await asked.wait()
            let statuses = try await keymanager.deleteRemoteKeys([scene.share(1)])
            answers.open()
            #expect(words(statuses) == [.deleted])
            let validators = try await made
            #expect(validators == all.subtracting([scene.pubKey(1)]))
        }
        try await scene.stop()
    }

    @Test("a key that signs remotely is no keystore, and never told to be inactive")
    func notLocal() async throws {
        let scene = try ShareScene(validators: 2)
        try await with(scene) { keymanager, signer, _, _ in
            let (statuses, _) = try await keymanager.deleteKeystores([scene.share(0)])
            #expect(words(statuses) == [.error])
            #expect(statuses[0].message?.contains("DELETE /eth/v1/remotekeys") == true)
            #expect(signer.ring.holds(scene.pubKey(0)))
            #expect(words(try await keymanager.importKeystores(scene.request(scene.own(0)))) == [.error])
        }
        let local = scene.keymanager()
        #expect(scene.ring.add(scene.pubKey(0), .share(scene.own(0)[0])))
        #expect(words(try await local.deleteRemoteKeys([scene.share(0), scene.share(1)])) == [.error, .notFound])
        #expect(words(try await local.importRemoteKeys([RemoteKey(pubKey: scene.share(0), url: nil)])) == [.error])
        #expect(local.remoteKeys().isEmpty && scene.ring.holds(scene.pubKey(0)))
        try await scene.stop()
    }
}
