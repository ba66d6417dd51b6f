import Cluster
import ClusterTestSupport
import DutyWorkflow
import Ethereum
import Foundation
import NIOCore
import NIOPosix
import SSZ
import Storage
import Testing

@testable import Node

/// The first operator's directory, and beside it that of a cluster of the same validators and operators under another
/// lock.
@Suite("a node's directory, when a switch is planned", .timeLimit(.minutes(2)))
struct SwitchFolderTests {
    private let cluster: SmallCluster
    private let new: Lock
    private let now = Instant(unixSeconds: 1_800_000_000)

    init() throws {
        cluster = try SmallCluster("planned", nodes: 4, validators: 2)
        let other = try SmallCluster("edited", nodes: 4, validators: 2)
        new = other.lock
        try FileManager.default.createDirectory(atPath: edited, withIntermediateDirectories: true)
        for name in [LockFile.name, KeystoreDirectory.name, IdentityKeyFile.name] {
            try FileManager.default.copyItem(atPath: other.file(name, of: 0), toPath: "\(edited)/\(name)")
        }
    }

    private var node: String { cluster.directory.file("node0") }
    private var edited: String { cluster.directory.file("edited") }
    private var journalFile: String { "\(node)/styx-journal.sqlite" }
    private var old: Root { cluster.lock.lockHash }

    private var configuration: NodeConfiguration {
        var configuration = NodeConfiguration()
        configuration.lockFile = cluster.lockFile(0)
        configuration.privateKeyFile = cluster.privateKeyFile(0)
        configuration.journalFile = journalFile
        configuration.validatorKeysDirectory = cluster.keystores(0)
        configuration.signing = .keystores
        return configuration
    }

    private func folder() throws -> SwitchFolder { try #require(SwitchFolder(configuration)) }

    private func write(newLock: Root? = nil) throws {
        try SwitchPlanFile(epoch: 9, directory: "edited", oldLock: old, newLock: newLock ?? new.lockHash)
            .write(into: node)
    }

    private func plan() throws -> SwitchPlan { try #require(try folder().wanted(slotsPerEpoch: 32)) }

    private func open(lock: Root) throws(JournalError) -> Journal {
        try Journal(
            path: journalFile, binding: JournalBinding(lockHash: lock, genesisValidatorsRoot: .zero),
            now: { [now] in now })
    }

    private func note(_ stages: SwitchStage...) async throws {
        let plan = try plan()
        let journal = try open(lock: old)
        try await journal.commit(
            stages.map { .plannedSwitch(SwitchRecord(plan, $0)) } + [.expired(.attester(slot: Slot(5)))])
        await journal.close()
    }

    private func lockHash(_ directory: String) throws -> Root {
        try LockFile.load("\(directory)/\(LockFile.name)").lock.lockHash
    }

    @Test("what the operator wants becomes a plan between the two locks")
    func wanted() throws {
        #expect(try folder().wanted(slotsPerEpoch: 32) == nil)
        try write()
        let plan = try plan()
        #expect(plan.old.lock == old && plan.new.lock == new.lockHash && plan.epoch == 9 && plan.slotsPerEpoch == 32)
        #expect(plan.old.peerIDs.count == 4 && plan.old.peerIDs == plan.new.peerIDs && plan.old.threshold == 3)
    }

    @Test("nothing is planned between other locks than the operator saw, or with a directory that is not there")
    func strangers() throws {
        try write(newLock: Root(padding: [7]))
        #expect(throws: ClusterError.self) { try folder().wanted(slotsPerEpoch: 32) }
        try SwitchPlanFile(epoch: 9, directory: "absent", oldLock: old, newLock: new.lockHash).write(into: node)
        #expect(throws: ClusterError.self) { try folder().wanted(slotsPerEpoch: 32) }
    }

    @Test("a node whose files are not in one directory has none to exchange")
    func scattered() {
        var elsewhere = configuration
        elsewhere.privateKeyFile = cluster.privateKeyFile(1)
        #expect(SwitchFolder(elsewhere) == nil)
        var keys = configuration
        keys.validatorKeysDirectory = cluster.keystores(1)
        #expect(SwitchFolder(keys) == nil)
        keys.signing = .off
        #expect(SwitchFolder(keys) != nil)
    }

    @Test("a directory that is mounted by itself is known, as containers have them")
    func mounts() {
        let text = """
            22 1 0:21 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
            31 22 8:1 /home/me/.charon /opt/charon/.charon rw,relatime - ext4 /dev/sda1 rw
            32 22 8:1 / /mnt/a\\040b rw - ext4 /dev/sdb1 rw
            short
            """
        #expect(SwitchFolder.mountPoints(in: text) == ["/", "/opt/charon/.charon", "/mnt/a b"])
        #expect(SwitchFolder.mountPoints(in: "").isEmpty)
    }

    @Test("at the epoch the new directory is the node's, with the journal and without the plan")
    func enters() async throws {
        try write()
        let plan = try plan()
        try await note(.noted, .confirmed)
        // The node that has ended used its key until now.
        let key = "\(edited)/\(IdentityKeyFile.name)"
        let used = PrivateKeyLock(command: "styx run", timestamp: now, clusterLockHash: old.hex)
        try Data(used.encoded()).write(to: URL(fileURLWithPath: "\(node)/\(IdentityKeyFile.name).lock"))
        try await folder().enter(plan)
        #expect(try lockHash(node) == new.lockHash)
        let kept = try ClusterSwitch.keptDirectories(of: node)
        #expect(try kept.map { try lockHash($0) } == [old])
        #expect(kept.allSatisfy { !FileAccess.isTaken("\($0)/\(SwitchPlanFile.name)") }, "nor what was left has it")
        #expect(!FileAccess.isTaken(edited) && !FileAccess.isTaken("\(node)/\(SwitchPlanFile.name)"))
        #expect(!FileAccess.isTaken("\(node)/\(IdentityKeyFile.name).lock") && !FileAccess.isTaken(key))
        let journal = try open(lock: new.lockHash)
        let found = try await journal.load { _ in true }
        #expect(found.plannedSwitch == SwitchRecord(plan, .entered) && found.closed == [.attester(slot: Slot(5))])
        await journal.close()
        #expect(try await folder().finish() == nil)
    }

    @Test("the new keystores can be opened before the epoch, and are the same from the node's own place")
    func opensAhead() async throws {
        try write()
        let plan = try plan()
        try await note(.noted, .confirmed)
        let opened = OpenedKeystores()
        for piece in try folder().keystores(plan, opened) { piece() }
        #expect(opened.count == 2)
        let ahead = try KeystoreDirectory.loadUsable("\(edited)/validator_keys", concurrency: 1, opened: opened)
        try await folder().enter(plan)
        let after = try KeystoreDirectory.loadUsable("\(node)/validator_keys", concurrency: 1, opened: opened)
        #expect(ahead.entries.count == 2 && zip(ahead.entries, after.entries).allSatisfy { $0.key === $1.key })
        #expect(throws: ClusterError.self) { try folder().keystores(plan, opened) }
    }

    @Test("interrupted after the journal was handed on it is ended before the node starts")
    func finishes() async throws {
        try write()
        let plan = try plan()
        try await note(.noted, .confirmed)
        #expect(try await folder().finish() == nil, "the node is still the old one: it ends by itself")
        _ = try await JournalHandover(from: old, to: new.lockHash, share: nil, now: { [now] in now })
            .perform(journalFile, successor: "\(edited)/styx-journal.sqlite")
        #expect(try lockHash(node) == old)
        #expect(try await folder().finish() == plan)
        #expect(try lockHash(node) == new.lockHash)
        let journal = try open(lock: new.lockHash)
        #expect(try await journal.plannedSwitch()?.stage == .entered)
        await journal.close()
        #expect(try await folder().finish() == nil)
    }

    @Test("killed before what was left is put away: the next start does it, and the way back is found")
    func putsAway() async throws {
        try write()
        let plan = try plan()
        try await note(.noted, .confirmed)
        try await folder().enter(plan)
        let kept = try #require(try ClusterSwitch.keptDirectories(of: node).first)
        try FileManager.default.moveItem(atPath: kept, toPath: edited)
        try write()
        #expect(try await folder().finish() == nil)
        #expect(try ClusterSwitch.keptDirectories(of: node) == [kept] && lockHash(kept) == old)
        #expect(!FileAccess.isTaken(edited) && !FileAccess.isTaken("\(node)/\(SwitchPlanFile.name)"))
        #expect(!FileAccess.isTaken("\(kept)/\(SwitchPlanFile.name)"))
    }

    @Test("files that flags name go along, and what the keymanager API set; what is there already stays")
    func carries() async throws {
        try write()
        let plan = try plan()
        try await note(.noted, .confirmed)
        var configuration = configuration
        configuration.overridesFile = "\(node)/payees.json"
        configuration.validatorAPICertificateFile = "\(node)/tls/api.pem"
        configuration.validatorAPIKeyFile = cluster.directory.file("elsewhere.pem")
        let names = ["payees.json", "tls/api.pem", "styx-journal.sqlite.validator-settings.json", "unnamed"]
        try FileManager.default.createDirectory(atPath: "\(node)/tls", withIntermediateDirectories: true)
        for name in names { try Data(name.utf8).write(to: URL(fileURLWithPath: "\(node)/\(name)")) }
        try Data("new".utf8).write(to: URL(fileURLWithPath: "\(edited)/payees.json"))
        try await #require(SwitchFolder(configuration)).enter(plan)
        let found = names.map { FileManager.default.contents(atPath: "\(node)/\($0)") }
        #expect(found == ["new", names[1], names[2], nil].map { $0.map { Data($0.utf8) } })
    }

    @Test("what the cluster agreed on is not undone because a directory cannot be moved: it is done when it can")
    func blocked() async throws {
        try write()
        let plan = try plan()
        try await note(.noted, .confirmed)
        try FileManager.default.moveItem(atPath: edited, toPath: edited + ".away")
        await #expect(throws: (any Error).self) { try await folder().enter(plan) }
        let journal = try open(lock: old)
        #expect(try await journal.plannedSwitch()?.stage == .confirmed)
        await journal.close()
        try FileManager.default.moveItem(atPath: edited + ".away", toPath: edited)
        try await folder().enter(plan)
        #expect(try lockHash(node) == new.lockHash)
    }

    @Test("without the file that says where the new directory is nothing is entered")
    func lostPlan() async throws {
        try write()
        let plan = try plan()
        try await note(.noted, .confirmed)
        SwitchPlanFile.remove(from: node)
        let error = await #expect(throws: ClusterError.self) { try await folder().enter(plan) }
        #expect("\(try #require(error))".contains("styx alpha edit switch --to"))
        #expect(try lockHash(node) == old)
    }

    @Test("a driver whose cluster switches ends, and says for what")
    func driverEnds() async throws {
        try write()
        let plan = try plan()
        let clock = SlotClock(genesis: Instant(nanoseconds: 0), slotDuration: .seconds(12), slotsPerEpoch: 32)
        var configuration = WorkflowConfiguration(
            nodes: 4, threshold: 3, peer: PeerIndex(0), validators: Set(cluster.pubKeys), clock: clock,
            spec: DutyScene.spec, signs: false, seed: 1)
        configuration.infoSync = InfoSyncConfiguration(peerIDs: plan.old.peerIDs, versions: [], protocols: [])
        let driver = WorkflowDriver(
            workflow: Workflow(configuration: configuration) { _, message in message },
            loop: MultiThreadedEventLoopGroup.singleton.next(), now: { clock.start(of: plan.epoch) },
            commit: { _, done in done(.success(())) }, perform: { _, _ in })
        var snapshot = JournalSnapshot()
        try snapshot.apply(.plannedSwitch(SwitchRecord(plan, .confirmed)))
        let due = await #expect(throws: SwitchDue.self) { try await driver.run(restoring: snapshot) }
        #expect(due?.plan == plan)
    }
}
