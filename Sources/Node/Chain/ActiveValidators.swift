import BeaconAPI
import BeaconClient
import Ethereum
import SSZ

/// The cluster's validators as the chain sees them, asked for once an epoch. Source: workflow.md §5.3, §15.4.
actor ActiveValidators {
    private let client: BeaconClient
    private let pubKeys: [PubKey]
    private var rows: [BeaconValidator] = []
    private var fetchedFor: Epoch?

    init(client: BeaconClient, pubKeys: [PubKey]) {
        self.client = client
        self.pubKeys = pubKeys
    }

    /// Validators that have duties in an epoch: active now, or to be activated in it.
    func active(in epoch: Epoch) async throws(BeaconError) -> [ValidatorIndex: PubKey] {
        try await refresh(epoch)
        return Dictionary(
            rows.filter { $0.status.isActive || $0.validator.activationEpoch == epoch }
                .map { ($0.index, $0.validator.pubKey) }, uniquingKeysWith: { first, _ in first })
    }

    /// Rows of the last answer, for validator clients.
    func known(in epoch: Epoch) async throws(BeaconError) -> [BeaconValidator] {
        try await refresh(epoch)
        return rows
    }

    private func refresh(_ epoch: Epoch) async throws(BeaconError) {
        if let fetchedFor, epoch <= fetchedFor, rows.count == pubKeys.count { return }
        let fresh = try await client.validators(.pubKeys(pubKeys))
        rows = fresh.sorted { $0.index < $1.index }
        fetchedFor = max(epoch, fetchedFor ?? .zero)
    }
}
