import Ethereum
import SSZ
import TestSupport
import Testing

struct ChainSpecTests {
    static let fulu: JSONValue = [
        "CONFIG_NAME": "mainnet", "SLOTS_PER_EPOCH": "32", "SECONDS_PER_SLOT": "12",
        "GENESIS_FORK_VERSION": "0x00000000",
        "ALTAIR_FORK_VERSION": "0x01000000", "ALTAIR_FORK_EPOCH": "74240",
        "BELLATRIX_FORK_VERSION": "0x02000000", "BELLATRIX_FORK_EPOCH": "144896",
        "CAPELLA_FORK_VERSION": "0x03000000", "CAPELLA_FORK_EPOCH": "194048",
        "DENEB_FORK_VERSION": "0x04000000", "DENEB_FORK_EPOCH": "269568",
        "ELECTRA_FORK_VERSION": "0x05000000", "ELECTRA_FORK_EPOCH": "364032",
        "FULU_FORK_VERSION": "0x06000000", "FULU_FORK_EPOCH": "411392",
        "GLOAS_FORK_VERSION": "0x07000000", "GLOAS_FORK_EPOCH": "18446744073709551615",
        "BLOB_SCHEDULE": [["EPOCH": "412672", "MAX_BLOBS_PER_BLOCK": "15"]],
        "DOMAIN_BEACON_ATTESTER": "0x01000000",
    ]

    private func changed(_ changes: [(String, JSONValue?)]) throws -> JSONValue {
        var object = try #require(Self.fulu.object)
        for (key, value) in changes { object[key] = value }
        return .object(object)
    }

    @Test func readsMainnet() throws {
        let spec = try ChainSpec(json: Self.fulu)
        #expect(spec.configName == "mainnet")
        #expect(spec.slotDuration == .seconds(12))
        #expect(spec.slotsPerEpoch == 32)
        #expect(spec.preset == .mainnet)
        #expect(spec.forks.entries.map(\.fork) == ForkName.allCases)
        #expect(spec.forks.epoch(of: .fulu) == 411_392)
        #expect(spec.forks.firstUnknownEpoch == nil)
    }

    @Test func readsOtherSizes() throws {
        let spec = try ChainSpec(
            json: changed([
                ("SLOTS_PER_EPOCH", "8"), ("SECONDS_PER_SLOT", nil), ("SLOT_DURATION_MS", 5000),
                ("MAX_COMMITTEES_PER_SLOT", "4"), ("SYNC_COMMITTEE_SIZE", "32"), ("MAX_WITHDRAWALS_PER_PAYLOAD", "4"),
                ("TARGET_AGGREGATORS_PER_COMMITTEE", "3"), ("EPOCHS_PER_SYNC_COMMITTEE_PERIOD", "8"),
            ]))
        #expect(spec.preset == .minimal)
        #expect(spec.slotDuration == .seconds(5))
        #expect(spec.slotsPerEpoch == 8)
        #expect(spec.targetAggregatorsPerCommittee == 3)
        #expect(spec.epochsPerSyncCommitteePeriod == 8)
        #expect(spec.preset.syncSubcommitteeSize == 8)
    }

    static let refusals: [([(String, JSONValue?)], ChainSpecError)] = [
        ([("SLOTS_PER_EPOCH", nil)], .missing(key: "SLOTS_PER_EPOCH")),
        ([("SLOTS_PER_EPOCH", "0")], .invalid(key: "SLOTS_PER_EPOCH", value: "\"0\"")),
        ([("SLOTS_PER_EPOCH", "-1")], .invalid(key: "SLOTS_PER_EPOCH", value: "\"-1\"")),
        ([("SLOTS_PER_EPOCH", ["32"])], .invalid(key: "SLOTS_PER_EPOCH", value: "[\"32\"]")),
        (
            [("SLOTS_PER_EPOCH", "18446744073709551615")],
            .invalid(key: "SLOTS_PER_EPOCH", value: "\"18446744073709551615\"")
        ),
        ([("SECONDS_PER_SLOT", nil)], .missing(key: "SECONDS_PER_SLOT (or SLOT_DURATION_MS)")),
        ([("SECONDS_PER_SLOT", "0")], .invalid(key: "SECONDS_PER_SLOT", value: "\"0\"")),
        ([("SLOT_DURATION_MS", "6000")], .contradiction("SLOT_DURATION_MS", "SECONDS_PER_SLOT")),
        ([("GENESIS_FORK_VERSION", nil)], .missing(key: "GENESIS_FORK_VERSION")),
        ([("GENESIS_FORK_VERSION", "0x00")], .invalid(key: "GENESIS_FORK_VERSION", value: "\"0x00\"")),
        ([("DENEB_FORK_VERSION", nil)], .missing(key: "DENEB_FORK_VERSION")),
        ([("DENEB_FORK_EPOCH", "soon")], .invalid(key: "DENEB_FORK_EPOCH", value: "\"soon\"")),
        ([("DENEB_FORK_EPOCH", "5")], .forkOrder("deneb at epoch 5 before capella at 194048")),
        ([("SYNC_COMMITTEE_SUBNET_COUNT", "0")], .invalid(key: "SYNC_COMMITTEE_SUBNET_COUNT", value: "\"0\"")),
        ([("SYNC_COMMITTEE_SIZE", "2")], .contradiction("SYNC_COMMITTEE_SIZE", "SYNC_COMMITTEE_SUBNET_COUNT")),
        ([("DOMAIN_BEACON_ATTESTER", "0x0f000000")], .invalid(key: "DOMAIN_BEACON_ATTESTER", value: "\"0x0f000000\"")),
    ]

    @Test(arguments: 0..<refusals.count)
    func refuses(row: Int) throws {
        let (changes, error) = Self.refusals[row]
        let json = try changed(changes)
        #expect(throws: error) { try ChainSpec(json: json) }
    }

    @Test func refusesOtherJSON() {
        #expect(throws: ChainSpecError.notAnObject) { try ChainSpec(json: []) }
        #expect(throws: ChainSpecError.missing(key: "GENESIS_FORK_VERSION")) { try ChainSpec(json: [:]) }
        #expect(ChainSpecError.missing(key: "X").description == "chain specification: X is missing")
    }

    @Test(.enabled(if: Vectors.has("core/charon-mock/static.json"), "needs the shared vectors"))
    func readsARealAnswer() throws {
        let answers = try Vectors.json("core/charon-mock/static.json")
        let spec = try ChainSpec(json: answers.member("/eth/v1/config/spec").member("data"))
        #expect(spec.configName == "hoodi")
        #expect(spec.forks.genesisVersion == Network.hoodi.genesisForkVersion)
        #expect(spec.forks.version(of: .capella) == Network.hoodi.capellaForkVersion)
        let schedule = try answers.member("/eth/v1/config/fork_schedule").member("data")
        #expect(try ForkSchedule(forkScheduleJSON: schedule) == spec.forks)
    }
}

struct ForkScheduleTests {
    @Test func findsTheRulingFork() throws {
        let forks = try ChainSpec(json: ChainSpecTests.fulu).forks
        let rows: [(Epoch, ForkName, String)] = [
            (0, .phase0, "0x00000000"), (74_239, .phase0, "0x00000000"), (74_240, .altair, "0x01000000"),
            (364_031, .deneb, "0x04000000"), (364_032, .electra, "0x05000000"), (411_392, .fulu, "0x06000000"),
            (.farFuture, .fulu, "0x06000000"),
        ]
        for (epoch, fork, version) in rows {
            #expect(forks.fork(at: epoch) == fork)
            #expect(forks.version(at: epoch).hex == version)
        }
        #expect(
            forks.forkContainer(at: 364_032)
                == Fork(
                    previousVersion: try ForkVersion(hex: "0x04000000"),
                    currentVersion: try ForkVersion(hex: "0x05000000"), epoch: 364_032))
        #expect(forks.forkContainer(at: 5) == Fork())
    }

    /// Test chains start with all forks at epoch 0: the last of them rules.
    @Test func lastForkOfAnEpochRules() throws {
        var object = try #require(ChainSpecTests.fulu.object)
        for fork in ForkName.allCases.dropFirst() { object["\(fork.name.uppercased())_FORK_EPOCH"] = "0" }
        let forks = try ChainSpec(json: .object(object)).forks
        #expect(forks.fork(at: 0) == .fulu)
        #expect(forks.version(at: 0).hex == "0x06000000")
        #expect(forks.genesisVersion == .zero)
    }

    @Test func unscheduledForksAreLeftOut() throws {
        var object = try #require(ChainSpecTests.fulu.object)
        object["FULU_FORK_EPOCH"] = "18446744073709551615"
        object["ELECTRA_FORK_EPOCH"] = nil
        object["ELECTRA_FORK_VERSION"] = nil
        let forks = try ChainSpec(json: .object(object)).forks
        #expect(forks.fork(at: .farFuture) == .deneb)
        #expect(forks.epoch(of: .fulu) == .farFuture)
        #expect(forks.version(of: .electra) == nil)
    }

    /// A later fork has its version and no name.
    @Test func laterForksKeepTheirVersion() throws {
        var object = try #require(ChainSpecTests.fulu.object)
        object["GLOAS_FORK_EPOCH"] = "500000"
        let forks = try ChainSpec(json: .object(object)).forks
        #expect(forks.firstUnknownEpoch == 500_000)
        #expect(forks.version(at: 500_000).hex == "0x07000000")
        #expect(forks.fork(at: 500_000) == .fulu)
        #expect(forks.entry(at: 500_000).fork == nil)
    }

    @Test func refusesDisorder() throws {
        let version = ForkVersion.zero
        #expect(throws: ChainSpecError.self) { try ForkSchedule([]) }
        #expect(throws: ChainSpecError.self) {
            try ForkSchedule([.init(fork: .phase0, version: version, epoch: 1)])
        }
        #expect(throws: ChainSpecError.self) {
            try ForkSchedule([
                .init(fork: .phase0, version: version, epoch: 0), .init(fork: .deneb, version: version, epoch: 1),
                .init(fork: .capella, version: version, epoch: 2),
            ])
        }
        #expect(throws: ChainSpecError.self) { try ForkSchedule(forkScheduleJSON: [:]) }
        let error = #expect(throws: ChainSpecError.self) {
            try ForkSchedule(forkScheduleJSON: [["previous_version": "0x00000000", "current_version": "0x00"]])
        }
        #expect(error?.description == "fork schedule: [0].current_version: expected 4 bytes of hex, got 1")
    }

    @Test(arguments: ["fulu", "Fulu", "FULU"])
    func forkNamesIgnoreCase(name: String) {
        #expect(ForkName(name: name) == .fulu)
        #expect(ForkName(name: name + " ") == nil)
        #expect(ForkName(name: "gloas") == nil)
    }

    @Test func wireNumbersAreCharons() {
        #expect(ForkName.allCases.map(\.rawValue) == Array(0...6))
        #expect(ForkName.deneb.usesElectraAttestations == false)
        #expect(ForkName.electra.usesElectraAttestations)
    }
}

struct NetworkTests {
    @Test(
        arguments: [
            ("mainnet", 1, "0x00000000", 1_606_824_023, "0x03000000", 12),
            ("goerli", 5, "0x00001020", 1_616_508_000, "0x03001020", 12),
            ("gnosis", 100, "0x00000064", 1_638_993_340, "0x03000064", 5),
            ("chiado", 10_200, "0x0000006f", 1_665_396_300, "0x0300006f", 5),
            ("sepolia", 11_155_111, "0x90000069", 1_655_733_600, "0x90000072", 12),
            ("hoodi", 560_048, "0x10000910", 1_742_213_400, "0x40000910", 12),
            ("holesky", 17_000, "0x01017000", 1_696_000_704, "0x04017000", 12),
        ] as [(String, UInt64, String, UInt64, String, Int)])
    func isAsPublished(
        name: String, chainID: UInt64, genesisVersion: String, genesisTime: UInt64, capella: String, slotSeconds: Int
    ) throws {
        let network = try #require(Network.named(name))
        #expect(network.chainID == chainID)
        #expect(network.genesisForkVersion.hex == genesisVersion)
        #expect(network.genesisTime == Instant(unixSeconds: genesisTime))
        #expect(network.capellaForkVersion?.hex == capella)
        #expect(network.slotDuration == .seconds(slotSeconds))
        #expect(Network.with(genesisForkVersion: network.genesisForkVersion) == network)
    }

    @Test(
        "genesis validators roots, as each network's genesis answer has them",
        arguments: [
            ("mainnet", "0x4b363db94e286120d76eb905340fdd4e54bfe9f06bf33ff6cf5ad27f511bfe95"),
            ("hoodi", "0x212f13fc4df078b6cb7db228f1c8307566dcecf900867401a92023d7ba99cb5f"),
            ("sepolia", "0xd8ea171f3c94aea21ebc42a1ed61052acf3f9209c00e4efbaaddac09ed9b8078"),
            ("gnosis", "0xf5dcb5564e829aab27264b9becd5dfaa017085611224cb3036f573368dbb9d47"),
            ("chiado", "0x9d642dac73058fbf39c0ae41ab1e34e4d889043cb199851ded7095bc99eb4c1e"),
            ("holesky", "0x9143aa7c615a7f7115e2b6aac319c03529df8242ae705fba9df39b79c59fa8b1"),
            ("goerli", "0x043db0d9a83813551ee2f33450d23797757d430911a9320530ad8a0eabc43efb"),
        ])
    func validatorsRoot(name: String, root: String) {
        #expect(Network.named(name)?.genesisValidatorsRoot?.hex == root)
    }

    @Test func unknownOnesAreNil() {
        #expect(Network.named("Mainnet") == nil)
        #expect(Network.with(genesisForkVersion: ForkVersion(padding: [9])) == nil)
        #expect(Network.all.count == 7)
    }
}
