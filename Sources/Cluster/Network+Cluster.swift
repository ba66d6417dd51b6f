import Ethereum
import SSZ

extension Network {
    /// Where real money is: insecure keystores and a zero withdrawal address are refused.
    package var holdsValue: Bool { self == .mainnet || self == .gnosis }

    /// The value of `--network`; `prater` is another name of goerli.
    package static func flag(_ name: String) -> Network? { named(name == "prater" ? "goerli" : name) }

    /// Built-in networks win over the custom one on a clash.
    package static func with(genesisForkVersion version: ForkVersion, custom: Network?) -> Network? {
        if let network = with(genesisForkVersion: version) { return network }
        return custom?.genesisForkVersion == version ? custom : nil
    }

    /// The network of the `--testnet-*` flags; nil unless the first four are set, as with Charon. Slots are 12 s.
    ///
    /// - Throws: when a fork version is set but is not four bytes of hex.
    package static func custom(
        name: String, forkVersion: String, chainID: UInt64, genesisTime: UInt64, capellaForkVersion: String = ""
    ) throws(ClusterError) -> Network? {
        guard !name.isEmpty, !forkVersion.isEmpty, chainID != 0, genesisTime != 0 else { return nil }
        let genesis = try version(forkVersion, "--testnet-fork-version")
        return Network(
            name: name, chainID: chainID, genesisForkVersion: genesis, genesisTime: Instant(unixSeconds: genesisTime),
            capellaForkVersion: capellaForkVersion.isEmpty
                ? nil : try version(capellaForkVersion, "--testnet-capella-hard-fork"),
            slotDuration: .seconds(12))
    }

    private static func version(_ text: String, _ option: String) throws(ClusterError) -> ForkVersion {
        guard let version = try? ForkVersion(hex: text) else {
            throw .option(option, "\"\(text)\" is not 0x and 8 hex digits")
        }
        return version
    }
}
