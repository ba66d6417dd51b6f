import Ethereum
import SSZ
import Testing

@testable import DutyWorkflow

/// All operators must sign the same bytes, and a registration holds a time.
@Suite("Builder registrations that the cluster signs")
struct RegistrarTests {
    private let now = Instant.slot(400)

    private func workflow(peer: Int = 0, signs: Bool = true, signsFrom: UInt64 = 0) throws -> Workflow {
        var configuration = try Fixture.configuration(peer: peer, signs: signs)
        configuration.signsFrom = Slot(signsFrom)
        return Workflow(configuration: configuration) { _, message in message }
    }

    private func wish(_ byte: UInt8 = 0xFE, gas: UInt64 = 30_000_000, replaces: UInt64? = nil) -> WantedRegistration {
        WantedRegistration(feeRecipient: Bytes20(padding: [byte]), gasLimit: gas, replaces: replaces)
    }

    private func message(_ wish: WantedRegistration, at time: UInt64, _ validator: Int = 0) -> ValidatorRegistration {
        ValidatorRegistration(
            feeRecipient: wish.feeRecipient, gasLimit: wish.gasLimit, timestamp: time,
            pubKey: Fixture.pubKey(validator))
    }

    private func duty(_ slot: UInt64) -> Duty { Duty(slot: Slot(slot), type: .builderRegistration) }

    private func partial(_ message: ValidatorRegistration, share: Int, _ validator: Int = 0) -> ParSignedDataSet {
        let data = SignedData.registration(Signed(message: message, signature: Fixture.signature(UInt8(share))))
        return [Fixture.key(validator): ParSignedData(data: data, shareIndex: Fixture.share(share))]
    }

    @Test("the first one is of the genesis, so that all sign the same; even where the journal is new")
    func first() throws {
        for peer in 0..<4 {
            var workflow = try workflow(peer: peer, signsFrom: 500)
            let effects = workflow.receive(.registrationsWanted([Fixture.pubKey(0): wish()]), at: now)
            #expect(effects.signed == [duty(0): [message(wish(), at: 0)]])
        }
        var client = try workflow(signs: false)
        #expect(client.receive(.registrationsWanted([Fixture.pubKey(0): wish()]), at: now).signed.isEmpty)
        var stranger = try workflow()
        #expect(stranger.receive(.registrationsWanted([Fixture.pubKey(9): wish()]), at: now).signed.isEmpty)
    }

    @Test(
        "one that replaces another is of the next slot, whenever it is wanted",
        arguments: [(0, 1), (11, 1), (12, 2), (13, 2), (4799, 400)] as [(UInt64, UInt64)])
    func next(replaced: UInt64, slot: UInt64) throws {
        let wanted = wish(replaces: replaced)
        for moment in [now, .slot(900)] {
            var workflow = try workflow()
            let effects = workflow.receive(.registrationsWanted([Fixture.pubKey(0): wanted]), at: moment)
            #expect(effects.signed == [duty(slot): [message(wanted, at: slot * 12)]])
        }
    }

    @Test("none is of the future: it waits for its slot")
    func future() throws {
        var workflow = try workflow()
        let wanted = wish(replaces: 4800)
        #expect(workflow.receive(.registrationsWanted([Fixture.pubKey(0): wanted]), at: now).signed.isEmpty)
        #expect(workflow.registrar.nextWake == .slot(401))
        #expect(workflow.receive(.wake, at: .slot(401, plus: -1)).signed.isEmpty)
        #expect(workflow.receive(.wake, at: .slot(401)).signed == [duty(401): [message(wanted, at: 4812)]])
    }

    @Test("what was signed is not signed again; what was not, once an epoch, and after a restart")
    func again() throws {
        var workflow = try workflow()
        let wanted: Event = .registrationsWanted([Fixture.pubKey(0): wish(), Fixture.pubKey(1): wish()])
        #expect(workflow.receive(wanted, at: now).signed.values.map(\.count) == [2])
        let own = partial(message(wish(), at: 0), share: 1)
        _ = workflow.receive(.localPartials([LocalPartials(duty(0), own)], nil), at: now)
        #expect(workflow.receive(wanted, at: now).signed.isEmpty)
        #expect(workflow.receive(.wake, at: now + .seconds(12)).signed.isEmpty)
        let open = [duty(0): [message(wish(), at: 0, 1)]]
        #expect(workflow.receive(.wake, at: .slot(432)).signed == open, "the signer was away")
        #expect(workflow.receive(.wake, at: .slot(433)).signed.isEmpty)

        var snapshot = JournalSnapshot()
        try snapshot.apply(.partials(duty(0), own, .broadcasted))
        var restarted = try self.workflow()
        _ = restarted.restore(snapshot, at: now)
        #expect(restarted.receive(wanted, at: now).signed == open)
    }

    @Test("whoever changed their mind proposes the next slot, and the others sign that too")
    func changed() throws {
        let (x, y) = (wish(0xAA, replaces: 100), wish(0xBB, replaces: 100))
        var first = try workflow()
        _ = first.receive(.registrationsWanted([Fixture.pubKey(0): x]), at: now)
        let own = partial(message(x, at: 108), share: 1)
        _ = first.receive(.localPartials([LocalPartials(duty(9), own)], nil), at: now)
        let effects = first.receive(.registrationsWanted([Fixture.pubKey(0): y]), at: now)
        #expect(effects.signed == [duty(10): [message(y, at: 120)]])

        var second = try workflow(peer: 1)
        let early = second.receive(.registrationsWanted([Fixture.pubKey(0): y]), at: now)
        #expect(early.signed == [duty(9): [message(y, at: 108)]])
        let proposed = partial(message(y, at: 120), share: 1)
        #expect(second.receive(.peerPartials(duty(10), proposed), at: now).signed == effects.signed)
        #expect(second.receive(.peerPartials(duty(10), proposed), at: now).signed.isEmpty)
        // Whoever wants it later signs what is there, and proposes nothing of its own.
        var third = try workflow(peer: 2)
        _ = third.receive(.peerPartials(duty(10), proposed), at: now)
        let late = third.receive(.registrationsWanted([Fixture.pubKey(0): y]), at: now)
        #expect(late.signed == effects.signed)
    }

    @Test("what peers propose is signed only if it is what is wanted here, later than what holds, and has begun")
    func strangers() throws {
        let wanted = wish(replaces: 1200)
        let bad: [(UInt64, ValidatorRegistration)] = [
            (101, message(wish(0xBB), at: 1212)), (101, message(wish(gas: 1), at: 1212)),
            (100, message(wish(), at: 1200)), (3, message(wish(), at: 36)), (102, message(wish(), at: 1225)),
            (402, message(wish(), at: 402 * 12)), (103, message(wish(), at: 1236, 1)),
        ]
        var workflow = try workflow()
        _ = workflow.receive(.registrationsWanted([Fixture.pubKey(0): wanted]), at: now)
        for (slot, message) in bad {
            let effects = workflow.receive(.peerPartials(duty(slot), partial(message, share: 2)), at: now)
            #expect(effects.signed.isEmpty, "\(slot)")
        }
        var idle = try self.workflow()
        let good = partial(message(wish(), at: 1212), share: 2)
        #expect(idle.receive(.peerPartials(duty(101), good), at: now).signed.isEmpty)
    }

    @Test("a threshold makes it whole: it goes to the beacon nodes, and to a peer that connects later")
    func whole() throws {
        var workflow = try workflow()
        let message = message(wish(), at: 0)
        _ = workflow.receive(
            .localPartials([LocalPartials(duty(0), partial(message, share: 1))], nil), at: now)
        for share in 2...3 { _ = workflow.receive(.peerPartials(duty(0), partial(message, share: share)), at: now) }
        let results: [EntryKey: Recovery] = [Fixture.key(0): .signature(Fixture.groupSignature)]
        let effects = workflow.receive(.recovered(duty(0), results), at: now)
        let whole = SignedData.registration(Signed(message: message, signature: Fixture.groupSignature))
        let sent = effects.compactMap { if case .broadcast(_, let set) = $0 { set } else { nil } }
        #expect(sent == [[Fixture.key(0): whole]])
        #expect(effects.work.contains("persist aggregated"))
        _ = workflow.receive(.broadcastSucceeded(duty(0), [Fixture.key(0)]), at: now)
        let connected = workflow.receive(.peerConnected(PeerIndex(3)), at: now)
        #expect(connected.work.contains("share with 3"))
        #expect(workflow.receive(.wake, at: .slot(432)).work.contains("share") == false)
    }
}

extension [Effect] {
    /// What the signer is asked for, by duty and ascending key.
    fileprivate var signed: [Duty: [ValidatorRegistration]] {
        var signed: [Duty: [ValidatorRegistration]] = [:]
        for case .sign(let duty, let set) in self {
            signed[duty] = set.sorted { $0.key < $1.key }.compactMap {
                if case .registration(let object) = $0.value { object.message } else { nil }
            }
        }
        return signed
    }
}
