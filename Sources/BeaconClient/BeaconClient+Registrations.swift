import BeaconAPI
import Ethereum

/// What nodes, builders and the chain are told of validators.
extension BeaconClient {
    /// Publishes a validator's exit at every node; returns once one node has taken it.
    package func submit(_ exit: SignedVoluntaryExit) async throws(BeaconError) {
        try await submit(.voluntaryExit(exit))
    }

    /// Tells the builders behind every node what validators wish; returns once one node has taken it.
    package func register(_ registrations: [SignedValidatorRegistration]) async throws(BeaconError) {
        try await submit(.registrations(registrations))
    }

    /// Tells every node whom the blocks of validators pay; returns once one node has taken it.
    package func prepare(_ preparations: [ProposerPreparation]) async throws(BeaconError) {
        try await submit(.preparations(preparations))
    }
}
