import SSZ

/// A beacon chain a cluster can live on. Source: spec/cluster-files.md §2.
package struct Network: Equatable, Sendable {
    package let name: String
    package let chainID: UInt64
    package let genesisForkVersion: Bytes4
    /// Unix seconds.
    package let genesisTime: UInt64
    /// Nil when a custom network does not say.
    package let capellaForkVersion: Bytes4?

    package init(
        name: String, chainID: UInt64, genesisForkVersion: Bytes4, genesisTime: UInt64,
        capellaForkVersion: Bytes4? = nil
    ) {
        self.name = name
        self.chainID = chainID
        self.genesisForkVersion = genesisForkVersion
        self.genesisTime = genesisTime
        self.capellaForkVersion = capellaForkVersion
    }

    /// Where real money is: insecure keystores and a zero withdrawal address are refused.
    package var holdsValue: Bool { name == "mainnet" || name == "gnosis" }

    package static let mainnet = known("mainnet", 1, "0x00000000", 1_606_824_023, capella: "0x03000000")

    /// Built in. Charon v1.10 still knows Holesky.
    package static let builtIn: [Network] = [
        mainnet,
        known("goerli", 5, "0x00001020", 1_616_508_000, capella: "0x03001020"),
        known("gnosis", 100, "0x00000064", 1_638_993_340, capella: "0x03000064"),
        known("chiado", 10200, "0x0000006f", 1_665_396_300, capella: "0x0300006f"),
        known("sepolia", 11_155_111, "0x90000069", 1_655_733_600, capella: "0x90000072"),
        known("holesky", 17000, "0x01017000", 1_696_000_704, capella: "0x04017000"),
        known("hoodi", 560048, "0x10000910", 1_742_213_400, capella: "0x40000910"),
    ]

    /// `prater` is another name of goerli.
    package static func named(_ name: String) -> Network? {
        let name = name == "prater" ? "goerli" : name
        return builtIn.first { $0.name == name }
    }

    /// Built-in networks win over the custom one on a clash.
    package static func withForkVersion(_ version: Bytes4, custom: Network?) -> Network? {
        (builtIn + [custom].compactMap { $0 }).first { $0.genesisForkVersion == version }
    }

    private static func known(_ name: String, _ chainID: UInt64, _ version: String, _ time: UInt64, capella: String)
        -> Network
    {
        guard let version = try? Bytes4(hex: version), let capella = try? Bytes4(hex: capella) else {
            preconditionFailure("the table above is well formed")
        }
        return Network(
            name: name, chainID: chainID, genesisForkVersion: version, genesisTime: time, capellaForkVersion: capella)
    }
}
