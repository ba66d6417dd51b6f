import SSZ

/// A public chain that cluster files name by its genesis fork version. Source: eth2-types.md §2.1.
///
/// Custom test networks are further values of this type, made from the `--testnet-*` flags.
package struct Network: Hashable, Sendable {
    package let name: String
    package let chainID: UInt64
    package let genesisForkVersion: ForkVersion
    package let genesisTime: Instant
    /// The version of exits (EIP-7044). Nil for a private chain: its beacon nodes say it.
    package let capellaForkVersion: ForkVersion?
    package let slotDuration: Duration
    /// Of a public chain; nil for private ones, which are not known before they run.
    package let genesisValidatorsRoot: Root?

    package init(
        name: String, chainID: UInt64, genesisForkVersion: ForkVersion, genesisTime: Instant,
        capellaForkVersion: ForkVersion?, slotDuration: Duration, genesisValidatorsRoot: Root? = nil
    ) {
        self.name = name
        self.chainID = chainID
        self.genesisForkVersion = genesisForkVersion
        self.genesisTime = genesisTime
        self.capellaForkVersion = capellaForkVersion
        self.slotDuration = slotDuration
        self.genesisValidatorsRoot = genesisValidatorsRoot
    }

    package static let mainnet = Network(
        "mainnet", 1, 0x0000_0000, 1_606_824_023, 0x0300_0000, 12,
        [0x4b363db94e286120, 0xd76eb905340fdd4e, 0x54bfe9f06bf33ff6, 0xcf5ad27f511bfe95])
    /// Dead, but its cluster files exist.
    package static let goerli = Network(
        "goerli", 5, 0x0000_1020, 1_616_508_000, 0x0300_1020, 12,
        [0x043db0d9a8381355, 0x1ee2f33450d23797, 0x757d430911a93205, 0x30ad8a0eabc43efb])
    package static let gnosis = Network(
        "gnosis", 100, 0x0000_0064, 1_638_993_340, 0x0300_0064, 5,
        [0xf5dcb5564e829aab, 0x27264b9becd5dfaa, 0x017085611224cb30, 0x36f573368dbb9d47])
    package static let chiado = Network(
        "chiado", 10_200, 0x0000_006f, 1_665_396_300, 0x0300_006f, 5,
        [0x9d642dac73058fbf, 0x39c0ae41ab1e34e4, 0xd889043cb199851d, 0xed7095bc99eb4c1e])
    package static let sepolia = Network(
        "sepolia", 11_155_111, 0x9000_0069, 1_655_733_600, 0x9000_0072, 12,
        [0xd8ea171f3c94aea2, 0x1ebc42a1ed61052a, 0xcf3f9209c00e4efb, 0xaaddac09ed9b8078])
    package static let hoodi = Network(
        "hoodi", 560_048, 0x1000_0910, 1_742_213_400, 0x4000_0910, 12,
        [0x212f13fc4df078b6, 0xcb7db228f1c83075, 0x66dcecf900867401, 0xa92023d7ba99cb5f])
    /// Built into Charon up to v1.10.3, not later (cluster-files.md §2).
    package static let holesky = Network(
        "holesky", 17_000, 0x0101_7000, 1_696_000_704, 0x0401_7000, 12,
        [0x9143aa7c615a7f71, 0x15e2b6aac319c035, 0x29df8242ae705fba, 0x9df39b79c59fa8b1])

    package static let all = [mainnet, goerli, gnosis, chiado, sepolia, hoodi, holesky]

    package static func named(_ name: String) -> Network? { all.first { $0.name == name } }

    package static func with(genesisForkVersion version: ForkVersion) -> Network? {
        all.first { $0.genesisForkVersion == version }
    }

    /// Versions as big-endian numbers, so that the table reads like the hex of the files.
    private init(
        _ name: String, _ chainID: UInt64, _ genesis: UInt32, _ time: UInt64, _ capella: UInt32, _ slotSeconds: Int,
        _ validatorsRoot: [UInt64]
    ) {
        self.init(
            name: name, chainID: chainID, genesisForkVersion: Self.version(genesis),
            genesisTime: Instant(unixSeconds: time), capellaForkVersion: Self.version(capella),
            slotDuration: .seconds(slotSeconds),
            genesisValidatorsRoot: Root(
                padding: validatorsRoot.flatMap { word in
                    (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) }
                }))
    }

    private static func version(_ number: UInt32) -> ForkVersion {
        ForkVersion(padding: (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) })
    }
}
