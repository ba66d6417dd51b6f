import BLS
import Ethereum
import NIOCore
import SSZ
import Synchronization
import TestSupport
import Testing

@testable import RemoteSigner

@Suite("asking remote signers") struct SignerClientTests {
    private static let keys = (0..<3).map(SignerScene.key)

    private static func expectSigned(_ outcome: SignerOutcome, _ orders: [SigningOrder], _ positions: Range<Int>? = nil)
    {
        for position in positions ?? orders.indices {
            #expect(outcome.signatures[position] == keys[position].sign(orders[position].root).bytes, "\(position)")
        }
    }

    @Test("signs each with its own key, lists the keys first, and asks for JSON")
    func signs() async throws {
        try await FakeSigner.with(FakeSigner.signing(with: Self.keys)) { signer in
            try await SignerScene.run([signer.url]) { client, scene in
                await scene.waitForLists { $0 == [Set(Self.keys.map(\.publicKey.bytes))] }
                let orders = SignerScene.orders(Self.keys)
                let outcome = await client.outcome(of: orders)
                Self.expectSigned(outcome, orders)
                #expect(outcome.failures.isEmpty && outcome.setbacks.isEmpty && scene.warnings.isEmpty)
                #expect(signer.signings.allSatisfy { $0.accept == "application/json" && $0.authorization == nil })
                #expect(Set(signer.signings.compactMap(\.key)) == Set(Self.keys.map { $0.publicKey.bytes.hex }))
                #expect(signer.requests.count == 4)
            }
        }
    }

    @Test("a signature as plain text is as good")
    func text() async throws {
        let respond = FakeSigner.signing(with: Self.keys) { request in
            guard request.key == Self.keys[0].publicKey.bytes.hex,
                let root = request.body?["signingRoot"]?.string.flatMap({ try? Root(hex: $0) })
            else { return nil }
            return .answer(200, Self.keys[0].sign(root).bytes.hex)
        }
        try await FakeSigner.with(respond) { signer in
            try await SignerScene.run([signer.url]) { client, _ in
                let orders = SignerScene.orders(Self.keys)
                Self.expectSigned(await client.outcome(of: orders), orders)
            }
        }
    }

    @Test("one that answers before it has the whole request, and hangs up, ends orders and nothing else")
    func hasty() async throws {
        try await HastySigner.with { signer in
            try await SignerScene.run([signer.url]) { client, _ in
                for _ in 0..<200 {
                    let orders = SignerScene.orders(Self.keys + Self.keys + Self.keys).map { order in
                        let body = ByteBuffer(repeating: UInt8(ascii: " "), count: 1 << 16)
                        return SigningOrder(key: order.key, root: order.root, body: body)
                    }
                    let outcome = await client.outcome(of: orders, within: .seconds(5))
                    #expect(outcome.failures.count == orders.count)
                }
            }
        }
    }

    /// A reaction to the first key's requests, why its order fails, and what the log says.
    struct Fault: Sendable, CustomTestStringConvertible {
        let reaction: FakeSigner.Reaction
        let failure: @Sendable (String) -> SigningFailure
        let logged: String

        var testDescription: String { logged }
    }

    private static let faults = [
        Fault(
            reaction: .answer(400, "signing root mismatch"),
            failure: { .answered(signer: $0, "status 400") }, logged: "text=signing root mismatch"),
        Fault(reaction: .answer(404, ""), failure: { _ in .noKey }, logged: "no such key (status 404)"),
        Fault(
            reaction: .answer(412, ""), failure: { .refused(signer: $0) }, logged: "slashing protection (status 412)"),
        Fault(
            reaction: .answer(500, "oops"), failure: { .answered(signer: $0, "status 500") }, logged: "text=oops"),
        Fault(
            reaction: .answer(200, "garbage"),
            failure: { .answered(signer: $0, "something that is not what was asked for") }, logged: "text=garbage"),
        Fault(
            reaction: .answer(302, ""), failure: { .answered(signer: $0, "status 302") }, logged: "status 302"),
        Fault(
            reaction: .endless,
            failure: { .answered(signer: $0, "something that is not what was asked for") },
            logged: "more than 65536 bytes"),
        Fault(
            reaction: .answer(200, FakeSigner.signature(SignerScene.key(2), Root(padding: [7]))),
            failure: { .wrongSignature(signer: $0) }, logged: "error remote signer made a wrong signature"),
    ]

    @Test("what goes wrong with one key is named and holds up no other", arguments: faults)
    func names(fault: Fault) async throws {
        let bad = Self.keys[0].publicKey.bytes.hex
        let respond = FakeSigner.signing(with: Self.keys) { $0.key == bad ? fault.reaction : nil }
        try await FakeSigner.with(respond) { signer in
            try await SignerScene.run([signer.url], change: { $0.bounds.retryPause = .milliseconds(1) }) {
                client, scene in
                let orders = SignerScene.orders(Self.keys)
                let outcome = await client.outcome(of: orders)
                #expect(outcome.failures == [0: fault.failure(signer.url)])
                Self.expectSigned(outcome, orders, 1..<3)
                let lines = scene.warnings.filter { $0.contains(bad) }
                #expect(lines.count == 1, "\(lines)")
                #expect(
                    lines.allSatisfy { $0.contains(fault.logged) && $0.contains("signer=\(signer.url)") }, "\(lines)")
                // At the next duty the same is no news.
                _ = await client.outcome(of: orders)
                #expect(scene.warnings.filter { $0.contains(bad) } == lines)
            }
        }
    }

    @Test("a signer that hangs costs the others nothing, and its orders fail at their deadline with the reason")
    func hangs() async throws {
        let bad = Self.keys[0].publicKey.bytes.hex
        let respond = FakeSigner.signing(with: Self.keys) { $0.key == bad ? .silence : nil }
        try await FakeSigner.with(respond) { signer in
            try await SignerScene.run([signer.url], timeout: .seconds(1)) { client, scene in
                let orders = SignerScene.orders(Self.keys)
                let outcome = await client.outcome(of: orders, within: .seconds(4))
                Self.expectSigned(outcome, orders, 1..<3)
                #expect(outcome.failures == [0: .timedOut(signer: signer.url)])
            }
        }
    }

    /// What a first signer does so that the second one is asked.
    private static let downs: [FakeSigner.Reaction] = [
        .hangsUp, .silence, .endless, .answer(500, ""), .answer(503, ""), .answer(200, "garbage"),
        .answer(200, FakeSigner.signature(SignerScene.key(2), Root(padding: [7]))),
    ]

    @Test("the next signer is asked when the first one breaks", arguments: downs.indices)
    func failover(index: Int) async throws {
        let reaction = Self.downs[index]
        let isSilent = if case .silence = reaction { true } else { false }
        let broken = FakeSigner.signing(with: Self.keys) { $0.key == nil ? nil : reaction }
        try await FakeSigner.with(broken) { first in
            try await FakeSigner.with(FakeSigner.signing(with: Self.keys)) { second in
                try await SignerScene.run([first.url, second.url], timeout: .seconds(isSilent ? 1 : 20)) {
                    client, scene in
                    await scene.waitForLists { lists in lists.allSatisfy { $0 != nil } }
                    let orders = SignerScene.orders(Self.keys)
                    let outcome = await client.outcome(of: orders)
                    Self.expectSigned(outcome, orders)
                    #expect(!first.signings.isEmpty)
                    #expect(Set(second.signings.compactMap(\.key)).count == orders.count)
                }
            }
        }
    }

    @Test("who refuses is final: the next signer is not asked", arguments: [400, 412])
    func refusals(status: Int) async throws {
        let refusing = FakeSigner.signing(with: Self.keys) { $0.key == nil ? nil : .answer(status, "") }
        try await FakeSigner.with(refusing) { first in
            try await FakeSigner.with(FakeSigner.signing(with: Self.keys)) { second in
                try await SignerScene.run([first.url, second.url]) { client, scene in
                    await scene.waitForLists { lists in lists.allSatisfy { $0 != nil } }
                    let outcome = await client.outcome(of: SignerScene.orders(Self.keys))
                    #expect(outcome.failures.count == Self.keys.count)
                    #expect(first.signings.count == Self.keys.count && second.signings.isEmpty)
                }
            }
        }
    }

    @Test("each signer has part of the keys")
    func parts() async throws {
        try await FakeSigner.with(FakeSigner.signing(with: [Self.keys[0]])) { first in
            try await FakeSigner.with(FakeSigner.signing(with: [Self.keys[2]])) { second in
                try await SignerScene.run([first.url, second.url]) { client, scene in
                    await scene.waitForLists { lists in lists.allSatisfy { $0 != nil } }
                    let orders = SignerScene.orders(Self.keys)
                    let outcome = await client.outcome(of: orders)
                    Self.expectSigned(outcome, orders, 0..<1)
                    Self.expectSigned(outcome, orders, 2..<3)
                    #expect(outcome.failures == [1: .noKey])
                    #expect(first.signings.count == 1 && second.signings.count == 1)
                }
            }
        }
    }

    @Test("a key that disappears is looked for in a new list, and comes back with it")
    func disappears() async throws {
        let isGone = Mutex(false)
        let all = FakeSigner.signing(with: Self.keys)
        let fewer = FakeSigner.signing(with: Array(Self.keys.dropFirst()))
        let respond: FakeSigner.Responder = { isGone.withLock { $0 } ? fewer($0) : all($0) }
        try await FakeSigner.with(respond) { signer in
            try await SignerScene.run([signer.url], change: { $0.bounds.relistPause = .zero }) { client, scene in
                await scene.waitForLists { $0[0]?.count == 3 }
                isGone.withLock { $0 = true }
                let orders = SignerScene.orders(Self.keys)
                #expect(await client.outcome(of: orders).failures == [0: .noKey])
                await Self.relisted(signer, times: 2)
                #expect(await client.outcome(of: orders).failures == [0: .noKey])
                // Nobody is asked for what is not there.
                #expect(signer.signings.filter { $0.key == orders[0].key.hex }.count == 1)
                isGone.withLock { $0 = false }
                client.follow(epoch: .milliseconds(1))
                await scene.waitForLists { $0[0]?.count == 3 }
                Self.expectSigned(await client.outcome(of: orders), orders)
            }
        }
    }

    private static func relisted(_ signer: FakeSigner, times: Int) async {
        while signer.requests.filter(\.isList).count < times { await Task.yield() }
    }

    @Test("a signer that is not there yet is asked again, and told once")
    func late() async throws {
        try await SignerScene.run(["http://127.0.0.1:1"], timeout: .seconds(1)) { client, scene in
            let orders = SignerScene.orders(Self.keys)
            let outcome = await client.outcome(of: orders, within: .milliseconds(1500))
            #expect(outcome.failures.count == 3)
            for failure in outcome.failures.values {
                guard case .unreachable("http://127.0.0.1:1", let why) = failure else {
                    Issue.record("\(failure)")
                    continue
                }
                #expect(why.contains("refused"))
            }
            #expect(scene.warnings.count == 1, "\(scene.warnings)")
        }
    }

    @Test("credentials of a URL are sent and never logged")
    func credentials() async throws {
        let respond = FakeSigner.signing(with: Self.keys) { request in
            request.isList ? nil : .answer(401, "who is Sec-Pass or \(request.authorization ?? "nobody")?")
        }
        try await FakeSigner.with(respond) { signer in
            try await SignerScene.run(["http://Sec-User:Sec-Pass@\(signer.authority)/"]) { client, scene in
                let outcome = await client.outcome(of: SignerScene.orders(Self.keys))
                #expect(outcome.failures.values.allSatisfy { $0 == .answered(signer: signer.url, "status 401") })
                #expect(signer.requests.allSatisfy { $0.authorization?.hasPrefix("Basic ") == true })
                let secret = signer.requests[0].authorization?.dropFirst("Basic ".count) ?? "Sec-"
                #expect(!scene.log.contains("Sec-") && !scene.log.contains(secret), "\(scene.log)")
                #expect(!"\(outcome.failures)".contains("Sec-"))
            }
        }
    }

    @Test("shutting down ends what is under way")
    func shutdown() async throws {
        try await FakeSigner.with({ _ in .silence }) { signer in
            try await SignerScene.run([signer.url], timeout: .seconds(600)) { client, _ in
                client.sign(SignerScene.orders(Self.keys), .attester, until: .now + .seconds(600)) { outcome in
                    Issue.record("told \(outcome)")
                }
            }
        }
    }
}
