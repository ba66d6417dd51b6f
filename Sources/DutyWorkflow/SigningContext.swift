import Ethereum
import SSZ

/// Turns a signed object into the 32 bytes that its signature covers. Source: eth2-types.md §5.
package struct SigningContext: Sendable {
    package let forks: ForkSchedule
    package let genesisValidatorsRoot: Root

    package init(forks: ForkSchedule, genesisValidatorsRoot: Root) {
        self.forks = forks
        self.genesisValidatorsRoot = genesisValidatorsRoot
    }

    package func signingRoot(of data: SignedData) -> Root {
        switch data {
        case .attestation(let attestation): signingRoot(of: attestation.data)
        }
    }

    /// Domain attester, fork of the target epoch.
    package func signingRoot(of data: AttestationData) -> Root {
        computeSigningRoot(
            objectRoot: data.hashTreeRoot(),
            domain: computeDomain(
                type: .beaconAttester, version: forks.version(at: data.target.epoch),
                genesisValidatorsRoot: genesisValidatorsRoot))
    }
}
