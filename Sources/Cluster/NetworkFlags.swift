import Ethereum

/// `--network` and the `--testnet-*` flags. Source: spec/cluster-files.md §2.
package struct NetworkFlags: Sendable {
    package var name = "mainnet"
    package var testnetName = ""
    package var testnetForkVersion = ""
    package var testnetChainID: UInt64 = 0
    package var testnetGenesisTime: UInt64 = 0
    /// Empty: the beacon node says it.
    package var testnetCapellaForkVersion = ""

    package init() {}

    /// The private network, if all of its flags are set.
    package func custom() throws(ClusterError) -> Network? {
        try .custom(
            name: testnetName, forkVersion: testnetForkVersion, chainID: testnetChainID,
            genesisTime: testnetGenesisTime, capellaForkVersion: testnetCapellaForkVersion)
    }

    /// The private network if there is one, else the named one.
    package func chosen() throws(ClusterError) -> Network {
        if let custom = try custom() { return custom }
        guard let known = Network.flag(name) else {
            throw .option(
                "--network",
                "\(name) is not known; choose one of \(Network.all.map(\.name).joined(separator: ", "))"
                    + " or describe a private one with all of --testnet-*")
        }
        return known
    }

    /// Some, but not all flags of a private network: Charon ignores them silently.
    package var isIncomplete: Bool {
        let set = [!testnetName.isEmpty, !testnetForkVersion.isEmpty, testnetChainID != 0, testnetGenesisTime != 0]
        return set.contains(true) && set.contains(false)
    }
}
