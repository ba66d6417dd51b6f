import Ethereum

/// What every attestation must satisfy whoever proposes it. Source: consensus-specs validator.md, "Attesting".
enum AttestationRules {
    static func fault(in data: AttestationData, slot: Slot, clock: SlotClock) -> String? {
        if data.slot != slot { return "attestation data of slot \(data.slot.rawValue) for slot \(slot.rawValue)" }
        if data.target.epoch != clock.epoch(of: slot) {
            return "target epoch \(data.target.epoch.rawValue) is not the epoch of slot \(slot.rawValue)"
        }
        // Justified is what an earlier epoch voted for; only the first epoch has none before it.
        if data.source.epoch >= data.target.epoch, data.target.epoch > .zero {
            return "source epoch \(data.source.epoch.rawValue) is not below target epoch \(data.target.epoch.rawValue)"
        }
        if data.source.epoch > data.target.epoch { return "source epoch above target epoch 0" }
        return nil
    }
}
