import SSZ

/// A fork as a type, so that one field list describes the blocks of all forks.
package protocol BlockFork: Sendable {
    static var name: ForkName { get }
    associatedtype Attestation: SSZContainer & Hashable
    associatedtype IndexedAttestation: SSZContainer & Hashable
}

package enum Phase0: BlockFork {
    package static let name = ForkName.phase0
    package typealias Attestation = AttestationPhase0
    package typealias IndexedAttestation = IndexedAttestationPhase0
}

package enum Altair: BlockFork {
    package static let name = ForkName.altair
    package typealias Attestation = AttestationPhase0
    package typealias IndexedAttestation = IndexedAttestationPhase0
}

package enum Bellatrix: BlockFork {
    package static let name = ForkName.bellatrix
    package typealias Attestation = AttestationPhase0
    package typealias IndexedAttestation = IndexedAttestationPhase0
}

package enum Capella: BlockFork {
    package static let name = ForkName.capella
    package typealias Attestation = AttestationPhase0
    package typealias IndexedAttestation = IndexedAttestationPhase0
}

package enum Deneb: BlockFork {
    package static let name = ForkName.deneb
    package typealias Attestation = AttestationPhase0
    package typealias IndexedAttestation = IndexedAttestationPhase0
}

package enum Electra: BlockFork {
    package static let name = ForkName.electra
    package typealias Attestation = AttestationElectra
    package typealias IndexedAttestation = IndexedAttestationElectra
}

/// Its blocks are Electra's; only the proofs beside them differ.
package enum Fulu: BlockFork {
    package static let name = ForkName.fulu
    package typealias Attestation = AttestationElectra
    package typealias IndexedAttestation = IndexedAttestationElectra
}

extension ForkName {
    package var blockFork: any BlockFork.Type {
        switch self {
        case .phase0: Phase0.self
        case .altair: Altair.self
        case .bellatrix: Bellatrix.self
        case .capella: Capella.self
        case .deneb: Deneb.self
        case .electra: Electra.self
        case .fulu: Fulu.self
        }
    }

    /// Full blocks come with blobs and their proofs.
    package var hasBlobs: Bool { self >= .deneb }

    /// There are blocks that hold the payload's header only.
    package var hasBlindedBlocks: Bool { self >= .bellatrix }
}
