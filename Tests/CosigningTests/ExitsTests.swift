import BeaconAPI
import BeaconTestSupport
import Cluster
import ClusterTestSupport
import Ethereum
import Foundation
import SSZ
import TestSupport
import Testing

@testable import Cosigning

@Suite("exits, from key shares to the chain", .timeLimit(.minutes(5)))
struct ExitsTests {
    @Test("three of four sign, the fourth publishes: exactly one valid exit")
    func broadcast() async throws {
        try await Scene.with { scene in
            let pubKey = scene.pubKeys[0]
            try await scene.sign(.validator(pubKey), as: [3, 0])
            let early = await message {
                try await scene.exits(as: 1) { exits, seat, api in
                    try await exits.broadcast(.validator(pubKey), from: .api(api, seat), isDryRun: false)
                }
            }
            #expect(early.contains("2 of the 3 signatures") && early.contains(pubKey.hex), "\(early)")
            try await scene.sign(.index(StubChain.index(of: 0)), as: [2])
            try await scene.exits(as: 1) { exits, seat, api in
                try await exits.broadcast(.validator(pubKey), from: .api(api, seat), isDryRun: true)
                #expect(scene.chain.exits.isEmpty)
                try await exits.broadcast(.validator(pubKey), from: .api(api, seat), isDryRun: false)
            }
            let exits = scene.chain.exits
            #expect(exits.count == 1)
            let exit = try #require(exits.first)
            #expect(exit.message.epoch == Scene.epoch && exit.message.validatorIndex == StubChain.index(of: 0))
            #expect(scene.isValid(exit, of: 0))
        }
    }

    @Test("all: what is not active or not signed is left out, and one refusal keeps nothing else back")
    func all() async throws {
        try await Scene.with(validators: 3) { scene in
            scene.chain.set(.pendingQueued, of: 2)
            // Pending ones are signed too, so that they can leave later; those that have left are not.
            try await scene.sign(.all, as: [0, 1, 2])
            #expect(scene.said.said.filter { $0.hasPrefix("signed: ") }.count == 9)
            try await scene.exits(as: 3) { exits, seat, api in
                try await exits.broadcast(.all, from: .api(api, seat), isDryRun: false)
            }
            #expect(
                scene.chain.exits.map(\.message.validatorIndex) == [StubChain.index(of: 0), StubChain.index(of: 1)])
            #expect(scene.said.warned.contains { $0.contains("\(scene.pubKeys[2])") && $0.contains("pending_queued") })
            scene.chain.refuse(.json(#"{"code":400,"message":"too young"}"#, status: 400))
            let failure = await message {
                try await scene.exits(as: 3) { exits, seat, api in
                    try await exits.broadcast(.all, from: .api(api, seat), isDryRun: false)
                }
            }
            #expect(failure.contains("2 of 2 were not taken"), "\(failure)")
        }
    }

    @Test("all, with nothing signed: a warning for each, no request for an exit")
    func nothing() async throws {
        try await Scene.with(validators: 2) { scene in
            try await scene.exits(as: 0) { exits, seat, api in
                try await exits.broadcast(.all, from: .api(api, seat), isDryRun: false)
                try await exits.fetch(.all, to: scene.cluster.directory.path, from: api, seat: seat)
            }
            #expect(scene.said.warned.filter { $0.contains("nobody has signed its exit") }.count == 4)
            #expect(scene.chain.exits.isEmpty)
        }
    }

    @Test("files that were fetched are published later, one or all")
    func files() async throws {
        try await Scene.with(validators: 2) { scene in
            try await scene.sign(.all, as: [1, 2, 3])
            let directory = try TemporaryDirectory()
            try await scene.exits(as: 0) { exits, seat, api in
                try await exits.fetch(.all, to: directory.path, from: api, seat: seat)
            }
            let names = scene.pubKeys.map { "exit-\($0).json" }
            #expect(directory.names == names.sorted())
            for (i, name) in names.enumerated() {
                #expect(try directory.mode(name) == 0o600)
                let text = String(decoding: try directory.read(name), as: UTF8.self)
                let index = StubChain.index(of: i)
                #expect(text.hasPrefix(#"{"message":{"epoch":"194048","validator_index":"\#(index)"},"signature":"0x"#))
            }
            try await scene.exits(as: 0) { exits, _, _ in
                let one = directory.file(names[1])
                try await exits.broadcast(.validator(scene.pubKeys[1]), from: .file(one), isDryRun: false)
                #expect(scene.chain.exits.map(\.message.validatorIndex) == [StubChain.index(of: 1)])
                try await exits.broadcast(.all, from: .directory(directory.path), isDryRun: false)
                #expect(scene.chain.exits.count == 3)
                let foreign = await message {
                    try await exits.broadcast(.validator(scene.pubKeys[0]), from: .file(one), isDryRun: false)
                }
                #expect(foreign.contains("not by validator \(scene.pubKeys[0])"), "\(foreign)")
                try directory.write(names[0], Array("{}".utf8))
                let bad = await message {
                    try await exits.broadcast(.all, from: .directory(directory.path), isDryRun: false)
                }
                #expect(bad.contains(names[0]) && bad.contains("message: missing"), "\(bad)")
                #expect(scene.chain.exits.count == 3)
            }
        }
    }

    @Test("what was signed can be taken back")
    func delete() async throws {
        try await Scene.with(validators: 2) { scene in
            let pubKey = scene.pubKeys[1]
            try await scene.sign(.validator(pubKey), as: [0, 1, 2])
            func delete(_ choice: Exits.Choice) async throws {
                try await scene.acting(as: 2) { cluster, seat, api in
                    try await Exits.delete(choice, in: cluster, from: api, seat: seat, notes: scene.said.notes)
                }
            }
            try await delete(.validator(pubKey))
            let again = await message { try await delete(.validator(pubKey)) }
            #expect(again.contains("no partial exit of share 3"), "\(again)")
            try await delete(.all)
            #expect(scene.said.warned.count == 2)
            let short = await message {
                try await scene.exits(as: 0) { exits, seat, api in
                    try await exits.broadcast(.validator(pubKey), from: .api(api, seat), isDryRun: false)
                }
            }
            #expect(short.contains("2 of the 3 signatures"), "\(short)")
        }
    }

    @Test("signing: which validators, which shares, and what is refused")
    func signing() async throws {
        try await Scene.with(validators: 3) { scene in
            scene.chain.set(.exitedUnslashed, of: 1)
            func sign(_ choice: Exits.Choice, dry: Bool = false, incomplete: Bool = false) async -> String {
                await message {
                    try await scene.exits(as: 1, change: { $0.allowsIncompleteKeystores = incomplete }) {
                        exits, seat, api in
                        try await exits.sign(
                            choice, epoch: 5, seat: seat, api: api, now: SmallCluster.now, isDryRun: dry)
                    }
                }
            }
            #expect(await sign(.all, dry: true) == "(no error)")
            #expect(scene.said.said.filter { $0.contains("would sign") }.count == 2)
            #expect(await sign(.index(7)).contains("--validator-index: 7 is not known"))
            #expect(await sign(.validator(.zero)).contains("no validator of this cluster"))
            #expect(await sign(.both(.zero, 9)).contains("no validator of this cluster"))
            // The beacon node is not asked.
            #expect(await sign(.both(scene.pubKeys[1], 77)) == "(no error)")
            #expect(scene.said.said.contains { $0.contains("signed: exit of validator \(scene.pubKeys[1]), index 77") })
            try FileManager.default.removeItem(atPath: scene.cluster.keystores(1) + "/keystore-insecure-2.json")
            #expect(await sign(.all).contains("--allow-incomplete-keystores"))
            #expect(await sign(.all, incomplete: true) == "(no error)")
            #expect(scene.said.warned.contains { $0.contains("\(scene.pubKeys[2])") && $0.contains("no key share") })
            #expect(await sign(.validator(scene.pubKeys[2]), incomplete: true).contains("holds no key share"))
        }
    }

    @Test("an epoch that is still to come is signed for, with a word about how long nobody takes the exit")
    func future() async throws {
        try await Scene.with { scene in
            let epoch = Epoch(UInt64(SmallCluster.now.unixSeconds) / 384) + 2250
            try await scene.sign(.all, as: [0], epoch: epoch)
            #expect(scene.said.warned.count == 1)
            #expect(scene.said.warned.first?.contains("epoch \(epoch) begins in 10 days") == true)
            #expect(scene.said.said.contains { $0.hasPrefix("signed: ") && $0.contains("from epoch \(epoch) on") })
        }
    }

    @Test("on a private network exits are of the Capella version that was given, or else that the beacon node says")
    func privateNetwork() async throws {
        let version = Bytes4([0x10, 0x77, 0x66, 0x55]) ?? .zero
        let network = Network(
            name: "mine", chainID: 7, genesisForkVersion: version, genesisTime: Instant(unixSeconds: 1),
            capellaForkVersion: nil, slotDuration: .seconds(12))
        try await Scene.with(forkVersion: version, change: { $0.network = network }) { scene in
            func sign(_ node: Int, capella: String) async throws {
                func describe(_ files: inout ClusterFiles) {
                    files.network.testnetName = "mine"
                    files.network.testnetForkVersion = version.hex
                    files.network.testnetChainID = 7
                    files.network.testnetGenesisTime = 1
                    files.network.testnetCapellaForkVersion = capella
                }
                try await scene.exits(as: node, change: describe) { exits, seat, api in
                    try await exits.sign(
                        .all, epoch: Scene.epoch, seat: seat, api: api, now: SmallCluster.now, isDryRun: false)
                    if node == 2 { try await exits.broadcast(.all, from: .api(api, seat), isDryRun: false) }
                }
            }
            try await sign(0, capella: "")
            try await sign(1, capella: StubChain.capellaVersion.hex)
            #expect(scene.said.warned == [])
            try await sign(2, capella: "")
            #expect(scene.chain.exits.count == 1 && scene.isValid(scene.chain.exits[0], of: 0))
            try await sign(3, capella: "0x01020304")
            let told = StubChain.capellaVersion.hex
            #expect(scene.said.warned.contains { $0.contains("0x01020304") && $0.contains(told) })
        }
    }

    @Test("a beacon node of another network is refused before anything is signed")
    func otherNetwork() async throws {
        try await Scene.with(forkVersion: Network.sepolia.genesisForkVersion) { scene in
            let text = await message { try await scene.sign(.validator(scene.pubKeys[0]), as: [0]) }
            #expect(text.contains("of another network") && text.contains("hoodi"), "\(text)")
        }
    }

    @Test("a beacon node that is away is told with the flag and the cure")
    func beaconAway() async throws {
        try await Scene.with { scene in
            let text = await message {
                try await scene.acting(as: 0) { cluster, _, _ in
                    try await withClient([deadURL]) { client in
                        _ = try await ExitChain(client, cluster, notes: scene.said.notes)
                    }
                }
            }
            #expect(
                text == "--beacon-node-endpoints: no beacon node answers (node_version at \(deadURL): no connection: "
                    + "Connection refused); start it, or correct the address")
        }
    }

    @Test("the list: active ones only; another operator's key and a changed lock are refused")
    func list() async throws {
        try await Scene.with(validators: 3) { scene in
            scene.chain.set(.activeExiting, of: 0)
            try await scene.exits(as: 0) { exits, _, _ in try await exits.list(plaintext: true) }
            let active = scene.pubKeys.dropFirst().map { $0.hex }
            #expect(scene.said.said == active)
            let stranger = try SmallCluster("other", nodes: 5)
            let key = await message {
                try await scene.exits(as: 0, change: { $0.privateKeyFile = stranger.privateKeyFile(4) }) {
                    exits, _, _ in
                    try await exits.list(plaintext: true)
                }
            }
            #expect(key.contains("--private-key-file"), "\(key)")
            let text = String(decoding: try scene.cluster.directory.read("node0/cluster-lock.json"), as: UTF8.self)
            let changed = try scene.cluster.directory.write(
                "changed.json", Array(text.replacing("cosigning", with: "cosignings").utf8))
            let lock = await message {
                try await scene.exits(as: 0, change: { $0.lockFile = changed }) { exits, _, _ in
                    try await exits.list(plaintext: true)
                }
            }
            #expect(lock.contains("changed.json") && lock.contains("hash") && !lock.contains("--no-verify"), "\(lock)")
        }
    }
}
