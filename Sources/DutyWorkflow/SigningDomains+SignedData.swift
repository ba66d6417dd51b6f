import Ethereum
import SSZ

extension SigningDomains {
    /// The 32 bytes that the object's signature covers. Source: eth2-types.md §5.
    package func signingRoot(of data: SignedData) -> Root {
        switch data {
        case .proposal(let signed): proposer(signed.proposal)
        case .attestation(let attestation): attester(attestation.data)
        case .exit(let signed): exit(signed.message)
        case .registration(let signed): builderRegistration(signed.message)
        case .randao(let signed): randao(signed.epoch)
        case .committeeSelection(let selection): prepareAggregator(selection)
        case .aggregateAndProof(let signed): aggregator(signed)
        case .syncMessage(let message): syncMessage(slot: message.slot, beaconBlockRoot: message.beaconBlockRoot)
        case .syncSelection(let selection): prepareSyncContribution(selection)
        case .contributionAndProof(let signed): syncContribution(signed.message)
        }
    }
}
