import Ethereum
import SSZ

extension SigningDomains {
    /// The 32 bytes that the object's signature covers. Source: eth2-types.md §5.
    package func signingRoot(of data: SignedData) -> Root {
        switch data {
        case .attestation(let attestation): attester(attestation.data)
        }
    }
}
