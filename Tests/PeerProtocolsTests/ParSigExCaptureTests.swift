import BLS
import DutyWorkflow
import Ethereum
import SSZ
import TestSupport
import Testing

@testable import PeerProtocols

private let parSigExID = "/charon/parsigex/2.0.0"

@Suite("recorded partial signatures", .enabled(if: Vectors.has("wire"), "needs shared/vectors/wire"))
struct ParSigExCaptureTests {
    /// Chain parameters of the recordings: shared/vectors/wire/README.md. One fork rules each of them throughout.
    private static func domains(_ version: String) throws -> SigningDomains {
        let (root, fork) = try #require(
            [
                "charon-v1.10.3": (
                    "0x9143aa7c615a7f7115e2b6aac319c03529df8242ae705fba9df39b79c59fa8b1", "0x05017000"
                ),
                "charon-v1.11-dev": (
                    "0x212f13fc4df078b6cb7db228f1c8307566dcecf900867401a92023d7ba99cb5f", "0x70000910"
                ),
            ][version], "unknown recording")
        let forks = try ForkSchedule([.init(fork: .phase0, version: try Bytes4(hex: fork), epoch: .zero)])
        return SigningDomains(
            forks: forks, genesisValidatorsRoot: try Root(hex: root), exitVersion: .zero, slotsPerEpoch: 16,
            preset: .mainnet)
    }

    @Test(
        "every message decodes completely and encodes to the same bytes but for map order", arguments: WireCapture.all)
    func encodes(capture: WireCapture) throws {
        #expect(!capture.lines(parSigExID).isEmpty)
        for line in capture.lines(parSigExID) {
            let wire = try WireParSigExMsg(wire: line.message, "ParSigExMsg")
            let bytes = wire.canonicalBytes()
            #expect(wire.hasDuty && wire.hasDataSet && !wire.dataSet.set.isEmpty)
            #expect(Int(wire.duty.type) == line.dutyType && wire.duty.slot == line.slot)
            #expect(try WireParSigExMsg(wire: bytes, "ParSigExMsg") == wire)
            #expect(bytes.count == line.message.count)
            if wire.dataSet.set.count == 1 { #expect(bytes == line.message, "line \(line.number)") }
            for (key, entry) in wire.dataSet.set {
                #expect(capture.pubKeys.contains(try pubKey(wire: key)))
                #expect(entry.signature.count == 96 && (1...4).contains(entry.shareIdx))
            }
        }
    }

    @Test(
        "partials of every duty are their share's, and signing again gives the same 96 bytes",
        arguments: WireCapture.all)
    func signatures(capture: WireCapture) throws {
        let codec = ParSigExCodec(validators: Set(capture.pubKeys), nodes: 4)
        let domains = try Self.domains(capture.version)
        var types: Set<DutyType> = []
        for line in capture.lines(parSigExID) {
            let (duty, set) = try codec.decode(line.message) { _ in true }
            types.insert(duty.type)
            for (key, partial) in set {
                let validator = try #require(capture.pubKeys.firstIndex(of: key.pubKey))
                let share = partial.shareIndex.rawValue - 1
                if case .attestation(let attestation) = partial.data { #expect(attestation.validatorIndex != nil) }
                #expect(partial.data.dutyType == duty.type)
                let root = domains.signingRoot(of: partial.data)
                let publicShare = try BLS.PublicKey(capture.publicShares[validator][share])
                let signature = try BLS.Signature(partial.data.signature)
                #expect(publicShare.verify(signature, over: root), "line \(line.number)")
                let secret = try SecretKey(bytes: capture.shareKeys[share][validator])
                #expect(secret.sign(root).bytes == partial.data.signature)
            }
            let bytes = ParSigExCodec.encode(duty, set)
            #expect(bytes.count == line.message.count)
            #expect(
                try WireParSigExMsg(wire: bytes, "ParSigExMsg") == WireParSigExMsg(wire: line.message, "ParSigExMsg"),
                "line \(line.number)")
            #expect(try codec.decode(bytes) { _ in true }.set == set)
        }
        #expect(types.isSuperset(of: [.attester, .proposer, .randao, .prepareAggregator]))
    }
}
