import Cluster
import DKG
import Ethereum
import SSZ

/// A whole ceremony at one of four operators, with hostile others, a bad network and a process that is killed at the
/// end.
enum CeremonyEventFuzz {
    private static let start = Instant(unixSeconds: 1_700_000_000)
    private static let eventsMax = 64

    private static let plans: [CeremonyPlan] = ["frost", "pedersen"].map { algorithm in
        var definition = Definition()
        definition.name = "fuzz"
        definition.uuid = "E5386A2D-9A1A-4BB4-AE27-724999FF67EE"
        definition.version = .v1_10
        definition.timestamp = "2026-11-28T15:09:49Z"
        definition.operators = Known.keys.map { Operator(enr: ENR(signedBy: $0).text) }
        definition.threshold = 3
        let address = "0x2121212121212121212121212121212121212121"
        definition.validators = (0..<2).map { _ in ValidatorAddresses(feeRecipient: address, withdrawal: address) }
        definition.dkgAlgorithm = algorithm
        definition.forkVersion = Network.hoodi.genesisForkVersion
        definition.depositAmounts = [Gwei(32_000_000_000)]
        do throws(ClusterError) {
            return try CeremonyPlan(
                definition.withHashes(), network: .hoodi, identity: Known.keys[0], release: .v1_11)
        } catch {
            preconditionFailure("\(error)")
        }
    }

    private static let seed = {
        guard let seed = CeremonySeed(bytes: [UInt8](repeating: 7, count: 32)) else {
            preconditionFailure("32 bytes are a seed")
        }
        return seed
    }()

    /// Byte 0: FROST or Pedersen; then events. Nobody is named for what we did ourselves, the end comes once, and what
    /// was noted down can be read by the next process.
    static func events(_ bytes: [UInt8]) -> String {
        var source = ByteSource(bytes)
        let plan = plans[source.choice(plans.count)]
        var run = Run(plan, seed, at: start)
        for peer in plan.others {
            run.receive(.syncReached(peer))
            run.receive(.syncMessage(peer, syncMessage(of: peer, plan, step: 0), stream: peer))
        }
        var count = 0
        while !source.isEmpty, count < eventsMax {
            count += 1
            let peer = 1 + source.choice(Known.nodes - 1)
            switch source.choice(8) {
            case 0:
                run.now = run.now + .seconds(source.choice(16))
                run.receive(.tick)
            case 1: run.receive(.sent(source.choice(16), answer: answer(&source)))
            case 2:
                let isUnknown = source.choice(64) == 63
                run.receive(.sendFailed(source.choice(16), reason: "lost", isUnknownProtocol: isUnknown))
            case 3:
                let bytes = syncMessage(of: peer, plan, step: source.choice(3))
                run.receive(.syncMessage(peer, bytes, stream: source.choice(3)))
            case 4: run.receive(source.flag() ? .syncLost(peer) : .syncReached(peer))
            case 5: run.receive(.syncAnswer(peer, source.take(source.choice(32))))
            case 6: run.receive(.message(peer, protocolID(&source), source.take(source.choice(255))))
            default: run.receive(.message(peer, protocolID(&source), almostValid(&source)))
            }
        }
        for record in run.records {
            precondition(CeremonyRecord(decoding: record.encoded()) == record, "a note that is read otherwise")
        }
        let later = Ceremony(plan, seed: seed, records: run.records, at: run.now)
        return "\(run.end ?? "goes on") \(later.view.step)"
    }

    private struct Run {
        let plan: CeremonyPlan
        let seed: CeremonySeed
        var ceremony: Ceremony
        var now: Instant
        var records: [CeremonyRecord] = []
        var end: String?

        init(_ plan: CeremonyPlan, _ seed: CeremonySeed, at now: Instant) {
            self.plan = plan
            self.seed = seed
            self.now = now
            ceremony = Ceremony(plan, seed: seed, at: now)
        }

        mutating func receive(_ event: CeremonyEvent) {
            for effect in ceremony.receive(event, at: now) {
                switch effect {
                case .record(let record): records.append(record)
                case .failed(let failure):
                    precondition(end == nil && failure.culprit != plan.own, "\(failure)")
                    end = "failed \(failure.culprit != nil)"
                case .finished:
                    precondition(end == nil)
                    end = "finished"
                case .work(let work): receive(.worked(Result { try work.perform(plan, seed) }))
                case .write: receive(.written(.success(())))
                case .send, .answer, .answerSync, .warning: break
                }
            }
        }
    }

    // MARK: What others say

    private static func syncMessage(of peer: Int, _ plan: CeremonyPlan, step: Int) -> [UInt8] {
        SyncMessage(
            timestamp: SyncTimestamp(start), hashSignature: signatures[peer][plan.session] ?? [], shutdown: false,
            version: plan.release.announced, step: step, nickname: ""
        ).encoded()
    }

    private static let signatures: [[Root: [UInt8]]] = Known.keys.map { key in
        Dictionary(uniqueKeysWithValues: plans.map { ($0.session, key.signDER(message: $0.session.bytes)) })
    }

    private static func protocolID(_ source: inout ByteSource) -> CeremonyProtocol {
        CeremonyProtocol.allCases[source.choice(CeremonyProtocol.allCases.count)]
    }

    private static func answer(_ source: inout ByteSource) -> [UInt8]? {
        source.flag() ? almostValid(&source) : nil
    }

    private static func almostValid(_ source: inout ByteSource) -> [UInt8] {
        let seeds = CeremonyFuzz.messageSeeds
        var message = Array(seeds[source.choice(seeds.count)].dropFirst())
        if source.flag() { message[source.choice(message.count)] ^= source.byte() }
        return message
    }
}
