import Ethereum
import SSZ

/// The two signing domains a cluster's files need. Both bind to the genesis fork and no chain state, so signatures
/// stay valid for ever. Source: consensus-specs phase0 (deposits), builder-specs (registrations).
enum ClusterDomain {
    case deposit, builder

    func signingRoot(_ objectRoot: Root, forkVersion: Bytes4) -> Root {
        let type: [UInt8] = self == .deposit ? [3, 0, 0, 0] : [0, 0, 0, 1]
        let forkData = ForkDataRoot(version: forkVersion)
        guard let domain = Bytes32(type + forkData.bytes.prefix(28)) else { preconditionFailure("32 bytes") }
        return SHA256.hash(objectRoot, domain)
    }
}

private func ForkDataRoot(version: Bytes4) -> Root { SHA256.hash(Root(padding: version.bytes), .zero) }
