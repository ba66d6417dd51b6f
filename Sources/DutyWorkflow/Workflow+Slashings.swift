import Ethereum

/// Slashings of our validators, and what may not leave any more.
extension Workflow {
    /// At once: the record follows, because a signature that is not made needs none.
    mutating func stop(_ pubKey: PubKey, _ slashing: Slashing) -> [Signal] {
        guard configuration.validators.contains(pubKey), slashed.stop(pubKey, slashing) else { return [] }
        return [.perform(.persist(.slashed(pubKey, slashing))), .perform(.report(.slashed(pubKey, slashing)))]
    }

    mutating func learn(_ poll: SlashingPoll) -> [Signal] {
        let seen = "most beacon nodes say that the chain has slashed it"
        let stopped = poll.slashed.flatMap { stop($0, Slashing(.told, seen: seen)) }
        return stopped
            + poll.unslashed.filter { slashed.isTold($0) }.flatMap { pubKey -> [Signal] in
                slashed.lift(pubKey)
                return [.perform(.persist(.slashingLifted(pubKey))), .perform(.report(.slashingLifted(pubKey)))]
            }
    }

    /// Shares that may still be sent.
    func withoutBarred(_ all: [(duty: Duty, set: ParSignedDataSet)]) -> [(duty: Duty, set: ParSignedDataSet)] {
        all.compactMap { duty, set in
            let left = withoutBarred(set)
            return left.isEmpty ? nil : (duty, left)
        }
    }

    /// The same of a restart's signals.
    func withoutBarred(_ signals: [Signal]) -> [Signal] {
        signals.compactMap { signal in
            guard case .perform(.shareWithPeers(let duty, let set)) = signal else { return signal }
            let left = withoutBarred(set)
            return left.isEmpty ? nil : .perform(.shareWithPeers(duty, left))
        }
    }

    private func withoutBarred(_ set: ParSignedDataSet) -> ParSignedDataSet {
        set.filter { key, partial in
            !slashed.contains(key.pubKey) && dutyDB.isStillOurs(key.pubKey, partial.data)
        }
    }
}
