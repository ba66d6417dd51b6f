import Ethereum
import SSZ

/// What one component tells the others. Reading this enum is reading the architecture: `Workflow.route` is the one
/// place where the arrows meet.
package enum Signal: Sendable {
    /// Scheduler: the time of a duty has come.
    case dutyStarted(Duty, DutyDefinitionSet)
    /// Fetcher: our own proposal for consensus.
    case fetched(Duty, UnsignedDataSet)
    /// Consensus: what the cluster will sign.
    case decided(Duty, UnsignedDataSet)
    /// DutyDB: these entries may be signed.
    case stored(Duty, UnsignedDataSet)
    /// DutyDB: partial signatures of our validator client or signer, over exactly what was stored.
    case signedLocally(Duty, ParSignedDataSet)
    /// ParSigEx: verified partial signatures of a peer.
    case signedByPeer(Duty, ParSignedDataSet)
    /// ParSigDB: enough shares agree on one message, per validator.
    case thresholdReached(Duty, [PubKey: [ParSignedData]])
    /// SigAgg: group signatures, verified under the validators' keys.
    case aggregated(Duty, SignedDataSet)
    /// Broadcaster: the beacon node took them.
    case broadcasted(Duty, [PubKey])
    /// The duty's deadline passed.
    case expired(Duty)
    /// Consensus: a vote under our own key that this node did not make, and what it says. We vote no more.
    case twinSeen(Duty, String)
    /// Something for the tracker: a step reached or a fault seen.
    case tracked(Duty, TrackedStep)
    /// Work for the shell.
    case perform(Effect)
}

/// Validators that have a duty, with what the beacon node said about it.
package enum DutyDefinition: Hashable, Sendable {
    case attester(AttesterDuty)

    var attesterDuty: AttesterDuty? {
        switch self {
        case .attester(let row): row
        }
    }
}

package typealias DutyDefinitionSet = [PubKey: DutyDefinition]

/// Names one waiting caller outside the workflow, e.g. a validator client's request.
package struct Ticket: Hashable, Sendable {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// What comes in from the outside.
package enum Event: Sendable {
    /// `Workflow.nextWake` has come.
    case wake
    /// Attester duties of an epoch: rows of our active validators.
    case dutiesResolved(Epoch, [AttesterDuty])
    case dutiesUnavailable(Epoch, reason: String)
    /// Attestation data by committee; from Electra on just that of committee 0.
    case attestationData(Duty, [CommitteeIndex: AttestationData])
    case fetchFailed(Duty, Failure)
    /// A peer's consensus message, every signature in it checked.
    case consensusMessage(ConsensusMessage)
    /// A peer's partial signatures, each checked under the public share it claims.
    case peerPartials(Duty, ParSignedDataSet)
    /// Partial signatures made here, checked under our own public share. Answered with `.submitted`.
    case localPartials(Duty, ParSignedDataSet, Ticket?)
    case signFailed(Duty, reason: String)
    /// Every peer was sent our partial signatures, or given up on.
    case shared(Duty, [PubKey])
    case recovered(Duty, [PubKey: Recovery])
    case broadcastSucceeded(Duty, [PubKey])
    case broadcastFailed(Duty, SignedDataSet, Failure)
    case query(Ticket, Query)
    /// The caller went away.
    case cancel(Ticket)
}

/// Why an outside call did not work.
package struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
    package var reason: String
    /// Whether trying again may help.
    package var isTemporary: Bool

    package init(reason: String, isTemporary: Bool) {
        self.reason = reason
        self.isTemporary = isTemporary
    }

    package var description: String { reason }
}

/// Outcome of combining one validator's shares.
package enum Recovery: Hashable, Sendable {
    case signature(SignatureBytes)
    /// These shares do not belong to the message they came with. Never empty.
    case badShares([ShareIndex])
}

package enum Query: Hashable, Sendable {
    /// Waits until consensus decided. Committee 0 stands for any committee of the slot.
    case attestationData(Slot, CommitteeIndex)
    /// Answered at once.
    case attesterPubKey(Slot, CommitteeIndex, ValidatorIndex)
}

package enum Answer: Hashable, Sendable {
    case attestationData(AttestationData)
    case attesterPubKey(PubKey?)
    /// Partial signatures are stored and on their way.
    case submitted
    /// Some contradict what the cluster decided or what was signed before; the others were taken. For people.
    case refused(String)
}

/// Work the shell does. Everything else the workflow does by itself.
package enum Effect: Sendable {
    /// Must be on disk before any effect that follows it, of this or a later event.
    case persist(Record)
    /// May reach the disk with the next commit.
    case note(Record)
    case resolveDuties(Epoch)
    /// Fetch attestation data for these committees of the duty's slot.
    case fetchAttestationData(Duty, [CommitteeIndex])
    /// To every other peer.
    case sendConsensus(ConsensusMessage)
    /// To the one peer that asked.
    case sendConsensusTo(PeerIndex, ConsensusMessage)
    case sign(Duty, UnsignedDataSet)
    /// Our partial signatures, to every other peer.
    case shareWithPeers(Duty, ParSignedDataSet)
    /// Combine shares over one message per validator and verify the result under the validator's key.
    case recover(Duty, [PubKey: [ParSignedData]])
    case broadcast(Duty, SignedDataSet)
    case answer(Ticket, Answer)
    /// For logs and metrics.
    case report(Report)
}
