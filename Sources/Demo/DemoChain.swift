import BLS
import BeaconAPI
import Ethereum
import Node
import SSZ

/// A beacon chain reduced to attesting, with nothing faked about what counts: every attestation submitted is checked
/// against the chain's own data, the committee, the voting history and the validator's public key.
///
/// Blocks appear on time in every slot, epochs justify and finalise at once, all forks are active from genesis (Fulu).
package actor DemoChain {
    package struct Options: Sendable {
        package var pubKeys: [PubKey]
        package var genesis: Instant
        package var slotDuration: Duration
        package var slotsPerEpoch: UInt64

        package init(pubKeys: [PubKey], genesis: Instant, slotDuration: Duration, slotsPerEpoch: UInt64) {
            self.pubKeys = pubKeys
            self.genesis = genesis
            self.slotDuration = slotDuration
            self.slotsPerEpoch = slotsPerEpoch
        }
    }

    /// A submission that breaks a rule.
    package struct Rejection: Sendable {
        package let slot: Slot
        package let validator: ValidatorIndex
        package let why: String
    }

    /// An attestation that counts, at its first arrival.
    package struct Inclusion: Sendable {
        package let slot: Slot
        package let validator: ValidatorIndex
        /// Since the moment attesting began, a third into the slot.
        package let delay: Duration
        /// How many nodes handed it in.
        package var copies: Int
    }

    package nonisolated let options: Options
    package nonisolated let clock: SlotClock
    package nonisolated let spec: DemoSpec
    private let verifier: SignatureVerifier
    private let keys: [PublicKey]
    private(set) package var rejections: [Rejection] = []
    private var included: [Slot: [ValidatorIndex: Inclusion]] = [:]
    /// Data root voted for, per validator and target epoch.
    private var votes: [ValidatorIndex: [Epoch: Root]] = [:]

    /// - Throws: `BLSError` when a public key is no valid point.
    package init(_ options: Options, verifier: SignatureVerifier) throws {
        self.options = options
        self.verifier = verifier
        clock = SlotClock(
            genesis: options.genesis, slotDuration: options.slotDuration, slotsPerEpoch: options.slotsPerEpoch)
        spec = DemoSpec(options)
        keys = try options.pubKeys.map { try PublicKey($0) }
    }

    // MARK: Reads

    /// Every validator attests once an epoch, at a slot that moves from epoch to epoch.
    package nonisolated func attesterDuties(_ epoch: Epoch, _ indices: Set<ValidatorIndex>) -> [AttesterDuty] {
        options.pubKeys.indices.compactMap { position in
            let index = ValidatorIndex(UInt64(position))
            guard indices.contains(index) else { return nil }
            return duty(of: index, in: epoch)
        }
    }

    /// The duties of a slot, of all validators.
    package nonisolated func duties(in slot: Slot) -> [AttesterDuty] {
        let all = Set(options.pubKeys.indices.map { ValidatorIndex(UInt64($0)) })
        return attesterDuties(clock.epoch(of: slot), all).filter { $0.slot == slot }
    }

    package nonisolated func attestationData(_ slot: Slot) -> AttestationData {
        let epoch = clock.epoch(of: slot)
        var data = AttestationData()
        data.slot = slot
        data.beaconBlockRoot = blockRoot(slot)
        data.source = Checkpoint.demo(Epoch(epoch.rawValue == 0 ? 0 : epoch.rawValue - 1), self)
        data.target = Checkpoint.demo(epoch, self)
        return data
    }

    package nonisolated func blockRoot(_ slot: Slot) -> Root { SHA256.hash(Array("styx demo block \(slot)".utf8)) }

    package func inclusions(_ slot: Slot) -> [Inclusion] {
        (included[slot] ?? [:]).values.sorted { $0.validator < $1.validator }
    }

    package func allInclusions() -> [Inclusion] { included.values.flatMap(\.values) }

    // MARK: Submissions

    /// - Returns: for each refused attestation its position and why.
    package func submit(_ attestations: [SingleAttestation], at now: Instant) async -> [(index: Int, message: String)] {
        var faults: [Int: String] = [:]
        var claims: [SignatureVerifier.Claim] = []
        var claimed: [Int] = []
        for (position, attestation) in attestations.enumerated() {
            if let fault = fault(in: attestation, at: now) {
                faults[position] = fault
            } else {
                claims.append(
                    .init(
                        key: keys[Int(attestation.attesterIndex.rawValue)], signature: attestation.signature,
                        root: spec.signingRoot(attestation.data)))
                claimed.append(position)
            }
        }
        let verdicts = await verdicts(claims)
        for (position, isGood) in zip(claimed, verdicts) {
            if !isGood { faults[position] = "the signature does not verify under the validator's public key" }
        }
        // The verification was awaited: another submission may have voted meanwhile.
        for (position, attestation) in attestations.enumerated() {
            if faults[position] == nil { faults[position] = record(attestation, at: now) }
            guard let why = faults[position] else { continue }
            rejections.append(
                Rejection(slot: attestation.data.slot, validator: attestation.attesterIndex, why: why))
        }
        return faults.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// All false when the crypto threads have too much to do.
    private func verdicts(_ claims: [SignatureVerifier.Claim]) async -> [Bool] {
        await withCheckedContinuation { continuation in
            if !verifier.verify(claims, done: { continuation.resume(returning: $0) }) {
                continuation.resume(returning: claims.map { _ in false })
            }
        }
    }

    package func refuse(_ why: String) { rejections.append(Rejection(slot: .zero, validator: .zero, why: why)) }

    // MARK: Rules

    private func fault(in attestation: SingleAttestation, at now: Instant) -> String? {
        let data = attestation.data
        guard options.pubKeys.indices.contains(Int(clamping: attestation.attesterIndex.rawValue)) else {
            return "unknown validator \(attestation.attesterIndex)"
        }
        guard now >= clock.start(of: data.slot) else { return "attestation of the future slot \(data.slot)" }
        guard now < clock.start(of: data.slot) + options.slotDuration * Int(options.slotsPerEpoch + 1) else {
            return "attestation of slot \(data.slot) is too old"
        }
        let duty = duty(of: attestation.attesterIndex, in: clock.epoch(of: data.slot))
        guard duty.slot == data.slot else {
            return "validator \(attestation.attesterIndex) attests in slot \(duty.slot)"
        }
        guard duty.committeeIndex == attestation.committeeIndex else {
            return "validator \(attestation.attesterIndex) sits in committee \(duty.committeeIndex)"
        }
        guard data == attestationData(data.slot) else { return "data that differ from this chain's" }
        return vote(attestation)
    }

    private func vote(_ attestation: SingleAttestation) -> String? {
        guard let earlier = votes[attestation.attesterIndex]?[attestation.data.target.epoch] else { return nil }
        return earlier == attestation.data.hashTreeRoot() ? nil : "double vote (slashable)"
    }

    /// - Returns: a fault that came up meanwhile.
    private func record(_ attestation: SingleAttestation, at now: Instant) -> String? {
        if let fault = vote(attestation) { return fault }
        let data = attestation.data
        let index = attestation.attesterIndex
        votes[index, default: [:]][data.target.epoch] = data.hashTreeRoot()
        if included[data.slot]?[index] != nil {
            included[data.slot]?[index]?.copies += 1
        } else {
            let due = clock.start(of: data.slot) + options.slotDuration / 3
            included[data.slot, default: [:]][index] = Inclusion(
                slot: data.slot, validator: index, delay: now - due, copies: 1)
        }
        return nil
    }

    package nonisolated func duty(of index: ValidatorIndex, in epoch: Epoch) -> AttesterDuty {
        let position = index.rawValue
        var duty = AttesterDuty()
        duty.pubKey = options.pubKeys[Int(position)]
        let offset = (position &+ epoch.rawValue) % options.slotsPerEpoch
        duty.slot = Slot(clock.firstSlot(of: epoch).rawValue + offset)
        duty.validatorIndex = index
        duty.committeesAtSlot = DemoSpec.committeesPerSlot
        duty.committeeIndex = CommitteeIndex(position % DemoSpec.committeesPerSlot)
        duty.committeeLength = 128
        duty.validatorCommitteeIndex = position % 128
        return duty
    }
}

extension Checkpoint {
    fileprivate static func demo(_ epoch: Epoch, _ chain: DemoChain) -> Checkpoint {
        var checkpoint = Checkpoint()
        checkpoint.epoch = epoch
        // The specification's genesis checkpoint has the zero root.
        checkpoint.root = epoch == .zero ? .zero : chain.blockRoot(chain.clock.firstSlot(of: epoch))
        return checkpoint
    }
}
