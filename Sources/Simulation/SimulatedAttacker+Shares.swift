import DutyWorkflow
import Ethereum
import SSZ
import Timing

/// Shares that an attacker sends besides those it owes. All are good, over what nobody asked for.
extension SimulatedAttacker {
    private var share: ShareIndex { ShareIndex(PeerIndex(node)) }

    func undueShares(at current: Slot, _ random: inout SplitMix64) -> [Event] {
        let far = ([0, 1, 2, 3, 40, 100_000] as [UInt64]).randomElement(using: &random) ?? 0
        let slot = Bool.random(using: &random) ? Slot(current.rawValue + far) : Slot(current.rawValue / 2)
        var set: ParSignedDataSet = [:]
        for case (let pubKey, .attester(let data, let row)) in Self.rows(chain, slot: slot) {
            let fork: ForkName = Bool.random(using: &random) ? .fulu : .deneb
            guard let attestation = VersionedAttestation(fork: fork, data: data, duty: row) else { continue }
            let unsigned = SignedData.attestation(attestation)
            let signature = chain.shareSignature(
                pubKey, chain.domains(chain.spec.forks).signingRoot(of: unsigned), share)
            set[EntryKey(pubKey)] = ParSignedData(data: unsigned.with(signature: signature), shareIndex: share)
        }
        // Under its own slot, and under another one.
        return [slot, current].map { .peerPartials(.attester(slot: $0), set) }
    }

    /// Of a duty without a deadline, as far ahead as nodes let it through.
    func endlessShare(at current: Slot, _ random: inout SplitMix64) -> Event {
        let epoch = chain.clock.epoch(of: current)
        let validator = Int.random(in: 0..<chain.pubKeys.count, using: &random)
        let pubKey = chain.pubKeys[validator]
        if Int.random(in: 0..<4, using: &random) == 0 {
            let named = Epoch(UInt64.random(in: 0...epoch.rawValue + 2, using: &random))
            let message = VoluntaryExit(epoch: named, validatorIndex: SimulatedChain.index(of: validator))
            let duty = Duty(slot: chain.clock.firstSlot(of: named), type: .exit)
            return signed(.exit(Signed(message: message, signature: .zero)), pubKey, in: duty)
        }
        let end = chain.clock.firstSlot(of: Epoch(epoch.rawValue + 3))
        let slot = Slot(UInt64.random(in: 0..<end.rawValue, using: &random))
        let message = ValidatorRegistration(
            feeRecipient: Bytes20(padding: [0xba, 0xd0]), gasLimit: 30_000_000,
            timestamp: UInt64(clamping: chain.clock.start(of: slot).unixSeconds), pubKey: pubKey)
        return signed(
            .registration(Signed(message: message, signature: .zero)), pubKey,
            in: Duty(slot: slot, type: .builderRegistration))
    }

    private func signed(_ object: SignedData, _ pubKey: PubKey, in duty: Duty) -> Event {
        .peerPartials(
            duty, [EntryKey(pubKey): chain.partial(object, pubKey, share: share, chain.domains(chain.spec.forks))])
    }
}
