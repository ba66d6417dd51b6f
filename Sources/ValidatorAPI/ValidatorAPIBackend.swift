import BeaconAPI
import DutyWorkflow
import Ethereum
import SSZ

/// What the validator API needs from the node. Keys are always group keys here. A request is handed on as a whole: each
/// way through the node costs as much for one set as for all of them.
///
/// A `ValidatorAPIRefusal` reaches the client as it is, a `BeaconError` with the beacon node's status and message. Any
/// other error is ours: the client learns nothing but 500. Every method must return soon when its task is cancelled.
package protocol ValidatorAPIBackend: Sendable {
    /// The chain's forks, sizes and signing domains.
    var domains: SigningDomains { get }

    var clock: SlotClock { get }

    /// By the wall clock; 0 before genesis.
    var currentSlot: Slot { get }

    /// Waits until the cluster has decided.
    func decided(_ selector: ValueSelector) async throws -> UnsignedData

    /// Waits for the cluster's signature.
    func signed(_ duty: Duty, _ key: EntryKey) async throws -> SignedData

    /// Who has a duty, as the beacon node says; nil while it has not said.
    func definitions(of duty: Duty) async throws -> DutyDefinitionSet?

    /// Which validator attests at each position; nil where the cluster decided no such duty.
    func attesterPubKeys(_ positions: [AttesterPosition]) async throws -> [PubKey?]

    /// The cluster's validators that are active now or in that epoch.
    func activeValidators(in epoch: Epoch) async throws -> [ValidatorIndex: PubKey]

    /// Tells for each proof whether it is the cluster's own signature.
    func verify(_ proofs: [ClusterProof]) async throws -> [Bool]

    /// Checks partial signatures under our own public shares. Returns why each set is refused, nil if all of it is good.
    func verify(_ sets: [LocalPartials]) async throws -> [ValidatorAPIRefusal?]

    /// Takes verified partial signatures; returns once they are durable. Returns for each set which of them are refused,
    /// because they contradict what was decided or signed before; all others were taken.
    func submit(_ sets: [LocalPartials]) async throws -> [[EntryKey: ValidatorAPIRefusal]]

    /// How far exits of an epoch are, of all validators for which an operator asked.
    func exits(in epoch: Epoch) async throws -> [ExitProgress]

    /// - Parameter indices: empty for the active validators of the cluster.
    func attesterDuties(epoch: Epoch, indices: [ValidatorIndex]) async throws -> DutiesAnswer<AttesterDuty>

    /// Rows of other clusters' validators may be among them.
    func proposerDuties(
        epoch: Epoch, version: BeaconEndpoint.ProposerDutiesVersion
    ) async throws -> DutiesAnswer<ProposerDuty>

    /// - Parameter indices: empty for the active validators of the cluster.
    func syncDuties(epoch: Epoch, indices: [ValidatorIndex]) async throws -> DutiesAnswer<SyncDuty>

    /// Unknown validators have no row.
    func validators(_ selection: ValidatorSelection, state: StateID) async throws -> [BeaconValidator]

    /// Passes a request on to the beacon nodes.
    func proxy(_ request: ProxyRequest) async throws -> ProxyResponse

    /// Opens an event stream at one beacon node.
    func proxyEvents(_ request: ProxyRequest) async throws -> ProxyResponse
}
