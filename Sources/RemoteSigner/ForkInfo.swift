import DutyWorkflow
import Ethereum
import SSZ

/// The fork record by which a signer finds the version that a message's domain has. Source: remote-signer.md §A.2.
///
/// It is the record in force at the message's own epoch, which may differ from the head's.
package struct ForkInfo: Hashable, Sendable {
    let fork: Fork
    let genesisValidatorsRoot: Root

    init(fork: Fork, genesisValidatorsRoot: Root) {
        self.fork = fork
        self.genesisValidatorsRoot = genesisValidatorsRoot
    }

    /// Of exits, whatever epoch the signer compares.
    init(exitVersion version: ForkVersion, since epoch: Epoch, genesisValidatorsRoot: Root) {
        self.init(
            fork: Fork(previousVersion: version, currentVersion: version, epoch: epoch),
            genesisValidatorsRoot: genesisValidatorsRoot)
    }

    /// Nil for what is valid on every fork.
    init?(for data: SignedData, in domains: SigningDomains) {
        let fork: Fork
        switch data {
        case .registration: return nil
        case .exit:
            // Capella's version, for ever (EIP-7044).
            self.init(
                exitVersion: domains.exitVersion, since: domains.forks.epoch(of: .capella),
                genesisValidatorsRoot: domains.genesisValidatorsRoot)
            return
        case .proposal(let signed): fork = Self.fork(at: signed.slot, domains)
        case .attestation(let attestation): fork = domains.forks.forkContainer(at: attestation.data.target.epoch)
        case .randao(let signed): fork = domains.forks.forkContainer(at: signed.epoch)
        case .committeeSelection(let selection): fork = Self.fork(at: selection.slot, domains)
        case .aggregateAndProof(let signed): fork = Self.fork(at: signed.slot, domains)
        case .syncMessage(let message): fork = Self.fork(at: message.slot, domains)
        case .syncSelection(let selection): fork = Self.fork(at: selection.slot, domains)
        case .contributionAndProof(let signed): fork = Self.fork(at: signed.message.contribution.slot, domains)
        }
        self.init(fork: fork, genesisValidatorsRoot: domains.genesisValidatorsRoot)
    }

    private static func fork(at slot: Slot, _ domains: SigningDomains) -> Fork {
        domains.forks.forkContainer(at: domains.epoch(of: slot))
    }

    var json: JSONValue {
        ["fork": fork.json(), "genesis_validators_root": .string(genesisValidatorsRoot.hex)]
    }
}
