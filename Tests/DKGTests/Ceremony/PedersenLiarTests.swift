import BLS
import Cluster
import SSZ
import TestSupport
import Testing

@testable import DKG

/// The same by Pedersen, where the others can go on without what a liar deals.
@Suite struct PedersenLiarTests {
    private static let liar = 2

    private func simulation(seed: UInt64) throws -> SimulatedCeremony {
        let sample = try CeremonySample(
            operators: 4, threshold: 3, validators: 2, algorithm: .pedersen, seed: seed)
        var simulation = try SimulatedCeremony(sample, seed: seed, timeout: .seconds(12))
        simulation.liar = Self.liar
        return simulation
    }

    /// One that encrypts something else for operator 0.
    private func spoiled(_ bytes: [UInt8], _ nodeKey: SecretKey) throws -> [UInt8] {
        let bundle = try DealBundleMessage(decoding: bytes, participants: 4)
        let deals = bundle.deals.map {
            $0.shareIndex == 0
                ? DealBundleMessage.Deal(shareIndex: 0, encryptedShare: $0.encryptedShare.reversed()) : $0
        }
        let changed = PedersenBundle.deals(
            DealBundleMessage(
                dealerIndex: bundle.dealerIndex, deals: deals, publicPoints: bundle.publicPoints,
                session: bundle.session, signature: .zero))
        guard case .deals(let signed) = changed.signed(by: nodeKey) else { return [] }
        return signed.encoded()
    }

    @Test("a wrong share that its dealer then publishes costs time, and is told")
    func justified() throws {
        var simulation = try simulation(seed: 1)
        let nodeKey = simulation.seeds[Self.liar].nodeKey
        simulation.lie = { _, protocolID, bytes in
            protocolID == .dealBundle ? [(try? self.spoiled(bytes, nodeKey)) ?? bytes] : [bytes]
        }
        simulation.run()
        try CeremonyTests.checkSuccess(simulation)
        #expect(simulation.nodes[0].warnings.contains { $0.contains("operator 2") }, "\(simulation.nodes[0].warnings)")
    }

    @Test("one who deals a wrong share and does not publish it gets no cluster, and is named")
    func unjustified() throws {
        var simulation = try simulation(seed: 2)
        let nodeKey = simulation.seeds[Self.liar].nodeKey
        simulation.lie = { _, protocolID, bytes in
            switch protocolID {
            case .dealBundle: [(try? self.spoiled(bytes, nodeKey)) ?? bytes]
            case .justificationBundle: []
            default: [bytes]
            }
        }
        simulation.run()
        for node in simulation.nodes.indices where node != Self.liar {
            #expect(simulation.nodes[node].files == nil)
            let failure = try #require(simulation.nodes[node].failure)
            // Seen, or heard from who has seen it; the liar itself says that others do not fit to it.
            #expect(failure.description.contains("operator \(Self.liar)"), "\(failure)")
        }
    }

    @Test("a key share that is sent again counts for its own validator only")
    func repeatedKeyShare() throws {
        var simulation = try simulation(seed: 3)
        var first: [ParticipantIndex: [UInt8]] = [:]
        simulation.lie = { to, protocolID, bytes in
            guard protocolID == .keyShare else { return [bytes] }
            let earlier = first[to] ?? bytes
            first[to] = earlier
            return [earlier, bytes, earlier]
        }
        simulation.run()
        try CeremonyTests.checkSuccess(simulation)
    }

    @Test("one who deals two polynomials gets no cluster, and nobody is named for what others then compute")
    func twoDealings() throws {
        var simulation = try simulation(seed: 4)
        let nodes = simulation.seeds.enumerated().map {
            PedersenNode(participant: $0.offset, index: $0.offset, key: $0.element.nodeKey.publicKey)
        }
        let roster = try PedersenRoster(nodes, own: Self.liar, threshold: 3)
        var others: [Bytes32: [UInt8]] = [:]
        for validator in 0..<2 {
            var run = try PedersenRun(
                roster, validator: validator, nodeKey: simulation.seeds[Self.liar].nodeKey, seed: .test(9))
            for case .send(.deals(let bundle)) in run.start() { others[run.nonce] = bundle.encoded() }
        }
        simulation.lie = { to, protocolID, bytes in
            guard to == 0, protocolID == .dealBundle,
                let bundle = try? DealBundleMessage(decoding: bytes, participants: 4)
            else { return [bytes] }
            return [others[bundle.session] ?? bytes]
        }
        simulation.run()
        let honest = simulation.nodes.indices.filter { $0 != Self.liar }
        let failures = try honest.map { try #require(simulation.nodes[$0].failure) }
        #expect(honest.allSatisfy { simulation.nodes[$0].files == nil })
        #expect(failures.allSatisfy { $0.culprit == nil || $0.culprit == Self.liar }, "\(failures)")
        #expect(failures.contains { $0.description.contains("does not prove which") }, "\(failures)")
    }
}
