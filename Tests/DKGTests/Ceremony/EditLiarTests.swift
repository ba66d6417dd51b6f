import BLS
import SSZ
import TestSupport
import Testing

@testable import DKG

/// Operator 2 of a cluster lies while its key shares are dealt anew: no file is written, so that the cluster stays as
/// it is, and who it was is told.
@Suite struct EditLiarTests {
    private static let liar = 2

    private struct Table {
        let plans: [CeremonyPlan]
        var simulation: SimulatedCeremony

        init(_ kind: EditCeremonyTests.Kind, seed: UInt64) throws {
            let edit = try EditCeremonyTests.Edit(kind, seed: seed)
            plans = try edit.plans().plans
            simulation = try edit.simulation(seed: seed)
            simulation.liar = EditLiarTests.liar
        }

        var liarKey: SecretKey { simulation.seeds[EditLiarTests.liar].nodeKey }

        /// A whole dealing, right in itself, of another secret than the liar's key share; by session.
        func otherDeals() throws -> [Bytes32: [UInt8]] {
            let plan = plans[EditLiarTests.liar]
            let nodes = plans.indices.map { plan.pedersenNode($0, key: simulation.seeds[$0].nodeKey.publicKey) }
            let roster = try PedersenRoster(
                nodes, own: plan.own, threshold: plan.threshold, oldThreshold: plan.oldThreshold)
            var generator = SeededGenerator(seed: 3)
            var deals: [Bytes32: [UInt8]] = [:]
            for validator in 0..<plan.validators {
                let dealing = PedersenDealing(
                    dealing: nil, threshold: plan.threshold, receivers: roster.receivers.count, using: &generator)
                var run = try PedersenRun(
                    roster, validator: validator, nodeKey: liarKey, dealing: dealing, sharing: plan.sharing(validator))
                for case .send(.deals(let bundle)) in run.start() { deals[run.nonce] = bundle.encoded() }
            }
            return deals
        }

        /// - Parameter words: what some honest operator reads.
        mutating func check(_ words: String) throws {
            simulation.run()
            var texts: [String] = []
            for (index, node) in simulation.nodes.enumerated() where index != EditLiarTests.liar {
                #expect(node.files == nil)
                let failure = try #require(node.failure, "operator \(index) waits for ever")
                #expect(failure.culprit == nil || failure.culprit == EditLiarTests.liar, "\(failure)")
                #expect(failure.description.contains("operator \(EditLiarTests.liar)"), "\(failure)")
                texts += node.warnings + [failure.description]
            }
            #expect(texts.contains { $0.contains("operator \(EditLiarTests.liar)") && $0.contains(words) }, "\(texts)")
        }
    }

    static let kinds: [EditCeremonyTests.Kind] = [.recreate, .add]

    @Test("deals another secret than its key share", arguments: kinds)
    func otherSecret(kind: EditCeremonyTests.Kind) throws {
        var table = try Table(kind, seed: 1)
        let (deals, participants) = (try table.otherDeals(), table.plans.count)
        table.simulation.lie = { _, protocolID, bytes in
            guard protocolID == .dealBundle,
                let bundle = try? DealBundleMessage(decoding: bytes, participants: participants)
            else { return [bytes] }
            return [deals[bundle.session] ?? bytes]
        }
        try table.check("deals another secret than its key share")
    }

    @Test("deals one operator a wrong share, and does not publish it", arguments: kinds)
    func wrongShare(kind: EditCeremonyTests.Kind) throws {
        var table = try Table(kind, seed: 2)
        let (key, participants) = (table.liarKey, table.plans.count)
        table.simulation.lie = { _, protocolID, bytes in
            switch protocolID {
            case .justificationBundle: return []
            case .dealBundle:
                guard let bundle = try? DealBundleMessage(decoding: bytes, participants: participants),
                    case .deals(let wrong) = changed(.deals(bundle), by: key, { $0.deals[0].sealed[60] ^= 1 })
                else { return [bytes] }
                return [wrong.encoded()]
            default: return [bytes]
            }
        }
        try table.check("the secret share does not fit the commitments")
    }

    @Test("announces another key share than the dealing gives it", arguments: kinds)
    func wrongKeyShare(kind: EditCeremonyTests.Kind) throws {
        var table = try Table(kind, seed: 3)
        let message = KeyShareMessage(
            session: table.plans[Self.liar].session, publicShare: SecretKey.random().publicKey.bytes
        ).encoded()
        table.simulation.lie = { _, protocolID, bytes in protocolID == .keyShare ? [message] : [bytes] }
        try table.check("does not prove which")
    }

    @Test("signs the new lock with another key share", arguments: kinds)
    func wrongSignature(kind: EditCeremonyTests.Kind) throws {
        var table = try Table(kind, seed: 4)
        let validators = table.plans[Self.liar].signedValidatorsMax
        table.simulation.lie = { _, protocolID, bytes in
            guard protocolID == .partialSignatures,
                let set = try? PartialSignatureSet(decoding: bytes, share: Self.liar + 1, validators: validators)
            else { return [bytes] }
            let wrong = SecretKey.random().sign([1, 2, 3]).bytes
            return [
                PartialSignatureSet(
                    kind: set.kind, share: set.share, signatures: set.signatures.mapValues { _ in wrong }
                ).encoded()
            ]
        }
        try table.check("partial signatures")
    }
}
