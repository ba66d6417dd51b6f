import BLS
import Cluster
import SSZ
import Secp256k1
import TestSupport
import Testing

@testable import DKG

/// One of four operators lies, in its own software: nobody gets a cluster, and somebody says who it was.
@Suite struct LiarTests {
    private static let liar = 2

    private func simulation(seed: UInt64) throws -> SimulatedCeremony {
        let sample = try CeremonySample(operators: 4, threshold: 3, validators: 2, seed: seed)
        var simulation = try SimulatedCeremony(sample, seed: seed)
        simulation.network.repeatRate = 0.1
        simulation.liar = Self.liar
        return simulation
    }

    private func check(
        _ simulation: SimulatedCeremony, _ words: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var simulation = simulation
        simulation.run(for: .seconds(300))
        let honest = simulation.nodes.indices.filter { $0 != Self.liar }
        for node in honest {
            #expect(simulation.nodes[node].files == nil, sourceLocation: sourceLocation)
            let culprit = simulation.nodes[node].failure?.culprit
            #expect(culprit == nil || culprit == Self.liar, sourceLocation: sourceLocation)
        }
        let failures = honest.compactMap { simulation.nodes[$0].failure }
        #expect(failures.contains { $0.culprit == Self.liar && $0.isForGood }, sourceLocation: sourceLocation)
        #expect(
            failures.contains { $0.description.contains(words) }, "\(failures)", sourceLocation: sourceLocation)
        // Whoever did not see it is told.
        #expect(failures.count == honest.count, "\(failures)", sourceLocation: sourceLocation)
        #expect(failures.allSatisfy { $0.description.contains("operator \(Self.liar)") }, "\(failures)")
    }

    @Test("a share off its polynomial", arguments: Seeds.fromEnvironment(default: 5))
    func share(seed: UInt64) throws {
        var simulation = try simulation(seed: seed)
        simulation.workLie = { result in
            guard case .frostBegun(let cast, var shares) = result else { return result }
            shares[0] = FrostSharesMessage(
                source: Self.liar + 1, target: 1, shares: (0..<2).map { _ in SecretKey.random() }
            ).encoded()
            return .frostBegun(cast: cast, shares: shares)
        }
        check(simulation, "does not fit the commitments")
    }

    @Test("a share for another's index")
    func foreignShare() throws {
        var simulation = try simulation(seed: 1)
        simulation.workLie = { result in
            guard case .frostBegun(let cast, var shares) = result else { return result }
            shares[0] = shares[1]
            return .frostBegun(cast: cast, shares: shares)
        }
        check(simulation, "FROST round 1 shares")
    }

    @Test("too few commitments, or too many", arguments: [2, 4])
    func commitments(count: Int) throws {
        var simulation = try simulation(seed: 2)
        simulation.workLie = { result in
            guard case .frostBegun(_, let shares) = result else { return result }
            let casts = (0..<2).map { _ in
                FrostCastsMessage.Cast(
                    response: Scalar(hashing: [1], tag: "x"), challenge: Scalar(hashing: [2], tag: "x"),
                    commitments: (0..<count).map { _ in SecretKey.random().publicKey })
            }
            return .frostBegun(cast: FrostCastsMessage(source: Self.liar + 1, casts: casts).packed, shares: shares)
        }
        check(simulation, "commitments")
    }

    @Test("a proof of nothing")
    func proof() throws {
        var simulation = try simulation(seed: 3)
        simulation.workLie = { result in
            guard case .frostBegun(_, let shares) = result else { return result }
            let casts = (0..<2).map { _ in
                FrostCastsMessage.Cast(
                    response: Scalar(hashing: [1], tag: "x"), challenge: Scalar(hashing: [2], tag: "x"),
                    commitments: (0..<3).map { _ in SecretKey.random().publicKey })
            }
            return .frostBegun(cast: FrostCastsMessage(source: Self.liar + 1, casts: casts).packed, shares: shares)
        }
        check(simulation, "proof")
    }

    @Test("another public key share in round 2")
    func result() throws {
        var simulation = try simulation(seed: 4)
        simulation.workLie = { result in
            guard case .frostContinued(let round, _) = result else { return result }
            let casts = round.casts.map {
                FrostResultCastsMessage.Cast(
                    verificationKey: $0.verificationKey, shareKey: SecretKey.random().publicKey)
            }
            return .frostContinued(
                round, result: FrostResultCastsMessage(source: Self.liar + 1, casts: casts).packed)
        }
        check(simulation, "public key share does not fit")
    }

    @Test("two versions of one broadcast")
    func equivocation() throws {
        var simulation = try simulation(seed: 5)
        simulation.lie = { to, protocolID, bytes in
            guard protocolID == .broadcastSign2, to == 1,
                let request = try? BroadcastSignRequest(decoding: bytes, valueBytesMax: 1 << 20)
            else { return [bytes] }
            let other = PackedMessage(typeURL: request.message.typeURL, value: request.message.value + [0x0a, 0])
            return [bytes, BroadcastSignRequest(id: request.id, message: other).encoded()]
        }
        check(simulation, "two different versions")
    }

    @Test("a partial signature over something else", arguments: [SignatureKind.deposit(0), .registration, .lockHash])
    func partial(kind: SignatureKind) throws {
        var simulation = try simulation(seed: 6)
        simulation.lie = { _, protocolID, bytes in
            guard protocolID == .partialSignatures,
                let set = try? PartialSignatureSet(decoding: bytes, share: Self.liar + 1, validators: 2),
                set.kind == kind
            else { return [bytes] }
            let wrong = SecretKey.random().sign([1, 2, 3]).bytes
            return [
                PartialSignatureSet(kind: kind, share: set.share, signatures: set.signatures.mapValues { _ in wrong })
                    .encoded()
            ]
        }
        check(simulation, "partial signatures")
    }

    @Test("two different partial signatures")
    func twoPartials() throws {
        var simulation = try simulation(seed: 7)
        simulation.lie = { _, protocolID, bytes in
            guard protocolID == .partialSignatures,
                let set = try? PartialSignatureSet(decoding: bytes, share: Self.liar + 1, validators: 2)
            else { return [bytes] }
            let other = SecretKey.random().sign([1, 2, 3]).bytes
            return [
                bytes,
                PartialSignatureSet(
                    kind: set.kind, share: set.share, signatures: set.signatures.mapValues { _ in other }
                ).encoded(),
            ]
        }
        check(simulation, "two different versions")
    }

    @Test("bytes that are no message", arguments: [CeremonyProtocol.broadcastSign2, .frostShares, .partialSignatures])
    func nonsense(protocolID: CeremonyProtocol) throws {
        var simulation = try simulation(seed: 8)
        simulation.lie = { _, its, bytes in its == protocolID ? [[0xff] + bytes] : [bytes] }
        check(simulation, "malformed")
    }
}
