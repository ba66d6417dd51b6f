import BLS
import Ethereum
import Node
import SSZ
import Testing

@testable import Demo

@Suite("Demo chain")
struct DemoChainTests {
    private struct Setup {
        let keys: [SecretKey]
        let chain: DemoChain
        let duty: AttesterDuty
        let now: Instant

        init() throws {
            keys = (0..<4).map { _ in SecretKey.random() }
            let genesis = Instant(unixSeconds: 1_700_000_000)
            chain = try DemoChain(
                .init(
                    pubKeys: keys.map { $0.publicKey.bytes }, genesis: genesis, slotDuration: .seconds(3),
                    slotsPerEpoch: 8),
                verifier: SignatureVerifier(threads: CryptoThreads(threads: 1)))
            duty = chain.duty(of: 2, in: 1)
            now = chain.clock.start(of: duty.slot) + .seconds(1)
        }

        func attestation(_ change: (inout SingleAttestation) -> Void = { _ in }) -> SingleAttestation {
            let data = chain.attestationData(duty.slot)
            var attestation = SingleAttestation(
                committeeIndex: duty.committeeIndex, attesterIndex: duty.validatorIndex, data: data, signature: .zero)
            change(&attestation)
            attestation.signature = keys[2].sign(chain.spec.signingRoot(attestation.data)).bytes
            return attestation
        }
    }

    @Test("takes a good attestation, and its copies from other nodes")
    func good() async throws {
        let setup = try Setup()
        #expect(await setup.chain.submit([setup.attestation()], at: setup.now).isEmpty)
        #expect(await setup.chain.submit([setup.attestation()], at: setup.now).isEmpty)
        #expect(await setup.chain.inclusions(setup.duty.slot).map(\.copies) == [2])
        #expect(await setup.chain.rejections.isEmpty)
    }

    @Test(
        "refuses and records what breaks a rule",
        arguments: ["signature", "committee", "validator", "block root", "slot", "future"])
    func bad(fault: String) async throws {
        let setup = try Setup()
        var attestation = setup.attestation { attestation in
            switch fault {
            case "committee": attestation.committeeIndex = attestation.committeeIndex + 1
            case "validator": attestation.attesterIndex = 77
            case "block root": attestation.data.beaconBlockRoot = .zero
            case "slot": attestation.data.slot = attestation.data.slot + 1
            default: break
            }
        }
        if fault == "signature" { attestation.signature = setup.keys[1].sign(Root.zero).bytes }
        let now = fault == "future" ? setup.chain.clock.start(of: setup.duty.slot) - .seconds(1) : setup.now
        #expect(await setup.chain.submit([attestation], at: now).count == 1)
        #expect(await setup.chain.rejections.count == 1)
        #expect(await setup.chain.inclusions(setup.duty.slot).isEmpty)
    }
}
