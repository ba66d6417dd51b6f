import Cluster
import ClusterTestSupport
import Ethereum
import Foundation
import Secp256k1
import TestSupport
import Testing

/// `alpha edit` with the built program: flags, what is shown, and the switch. What edits make of clusters: ResharePlanTests
/// and its like.
@Suite("edits on the command line", .timeLimit(.minutes(5))) struct EditCommandTests {
    private let cluster: SmallCluster

    init() throws { cluster = try SmallCluster("edits", nodes: 4, validators: 2) }

    private func edit(_ arguments: [String], node: Int = 0) throws -> Program.Outcome {
        try Program.run(
            ["alpha", "edit"] + arguments + [
                "--lock-file", cluster.lockFile(node), "--private-key-file", cluster.privateKeyFile(node),
                "--validator-keys-dir", cluster.keystores(node),
            ], in: cluster.directory.path)
    }

    @Test("a dry run shows both clusters and leaves nothing behind")
    func dryRun() throws {
        let before = cluster.directory.names
        let outcome = try edit(["recreate-private-keys", "--dry-run"])
        #expect(outcome.status == 0 && outcome.text.contains("DRY RUN of recreate-private-keys"), "\(outcome.text)")
        let words = outcome.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(words.contains("distributed_validator, all of it or nothing"))
        #expect(cluster.directory.names == before)
    }

    @Test("flags are Charon's, and what they say wrongly names them")
    func flags() throws {
        let enr = cluster.lock.definition.operators[1].enr
        let address = SmallCluster.address
        for (arguments, text) in [
            (["add-operators"], "--new-operator-enrs: missing"),
            (["add-operators", "--new-operator-enrs", enr], "operator 1 of the lock already"),
            (
                ["remove-operators", "--operator-enrs-to-remove", enr, "--new-threshold", "1"],
                "--new-threshold: 1 cannot be"
            ),
            (["replace-operator", "--old-operator-enr", enr, "--new-operator-enr", enr], "nobody would be replaced"),
            (["recreate-private-keys", "--timeout", "30s"], "--timeout"),
            (["add-validators", "--num-validators", "0"], "--num-validators"),
            (
                [
                    "add-validators", "--withdrawal-addresses", address, "--fee-recipient-addresses", address,
                    "--unverified",
                ],
                "--unverified: "
            ),
        ] {
            let outcome = try edit(arguments)
            #expect(outcome.status == 1 && outcome.text.contains(text), "\(outcome.text)")
            #expect(outcome.text.contains("styx: alpha edit \(arguments[0]): "))
        }
    }

    /// A directory of the first operator. Made from the same seed, so with four nodes it is one of the same validators under
    /// another lock, as after an edit; with five it is another cluster's.
    private func makeEdited(nodes: Int) throws -> Lock {
        let other = try SmallCluster("edited", nodes: nodes, validators: 2)
        #expect((other.pubKeys == cluster.pubKeys) == (nodes == 4))
        try FileManager.default.createDirectory(
            atPath: cluster.directory.file("edited"), withIntermediateDirectories: true)
        for name in [LockFile.name, KeystoreDirectory.name, IdentityKeyFile.name] {
            try FileManager.default.copyItem(
                atPath: other.file(name, of: 0), toPath: cluster.directory.file("edited/\(name)"))
        }
        return other.lock
    }

    private func change(_ arguments: [String]) throws -> Program.Outcome {
        try Program.run(["alpha", "edit", "switch", "--from", "node0"] + arguments, in: cluster.directory.path)
    }

    private func lockHash(_ directory: String) throws -> String {
        try LockFile.load(cluster.directory.file("\(directory)/\(LockFile.name)")).lock.lockHash.hex
    }

    @Test("the switch refuses the directory of another cluster, and what is not there")
    func refusals() throws {
        _ = try makeEdited(nodes: 5)
        let outcome = try change(["--to", "edited"])
        #expect(outcome.status == 1 && outcome.text.contains("the lock of another cluster"), "\(outcome.text)")
        #expect(FileAccess.isDirectory(cluster.directory.file("edited")))
        #expect(try change([]).text.contains("--to: distributed_validator is no directory"))
        #expect(try change(["--back"]).text.contains("no switch was made here"))
        #expect(try change(["--wipe-old"]).text.contains("has left anything"))
        #expect(try change(["--back", "--wipe-old"]).status == 1)
    }

    @Test("the switch takes what was signed along, there and back, and destroys old shares when told to")
    func thereAndBack() throws {
        let new = try makeEdited(nodes: 4).lockHash.hex
        let old = cluster.lock.lockHash.hex
        let kept = "node0.before-\(old.dropFirst(2).prefix(8))"
        let history = """
            {"metadata":{"interchange_format_version":"5","genesis_validators_root":"\(Self.hoodiRoot)"},"data":[{"pubkey":\
            "\(cluster.pubKeys[0])","signed_blocks":[],"signed_attestations":[{"source_epoch":"3","target_epoch":"4"}]}]}
            """
        try cluster.directory.write("history.json", Array(history.utf8))
        func protection(_ arguments: [String], _ directory: String) throws -> Program.Outcome {
            try Program.run(
                ["slashing-protection"] + arguments + [
                    "--journal-file", "\(directory)/styx-journal.sqlite", "--lock-file",
                    "\(directory)/\(LockFile.name)",
                ], in: cluster.directory.path)
        }
        #expect(try protection(["import", "history.json"], "node0").status == 0)

        let there = try change(["--to", "edited"])
        #expect(there.status == 0 && there.text.contains(kept), "\(there.text)")
        #expect(there.text.contains("what 1 validators have signed"))
        #expect(try lockHash("node0") == new && lockHash(kept) == old)
        let exported = try protection(["export", "after.json"], "node0")
        #expect(exported.status == 0, "\(exported.text)")
        #expect(
            String(decoding: try cluster.directory.read("after.json"), as: UTF8.self).contains(#""target_epoch":"4""#))
        // Nothing starts from what was left.
        #expect(try protection(["export", "left.json"], kept).text.contains("belongs to another cluster"))

        let back = try change(["--back"])
        #expect(back.status == 0, "\(back.text)")
        #expect(try lockHash("node0") == old)
        #expect(try protection(["export", "back.json"], "node0").status == 0)
        let undone = "node0.undone-\(new.dropFirst(2).prefix(8))"
        #expect(try change(["--to", undone]).status == 0)
        let wiped = try change(["--wipe-old"])
        #expect(wiped.status == 0 && wiped.text.contains("2 key shares of \(kept) are destroyed"), "\(wiped.text)")
        #expect(try change(["--back"]).status == 1)
    }

    @Test("a switch at an epoch is planned beside a running node, looked at, replaced and taken back")
    func atEpoch() throws {
        let new = try makeEdited(nodes: 4).lockHash
        // A node uses the key right now.
        let note = PrivateKeyLock(command: "styx run", timestamp: Instant(nanoseconds: .max), clusterLockHash: "")
        try cluster.directory.write("node0/\(IdentityKeyFile.name).lock", note.encoded())
        let planned = try change(["--to", "edited", "--at-epoch", "1000"])
        #expect(planned.status == 0, "\(planned.text)")
        #expect(planned.text.contains("last slot of epoch 998") && planned.text.contains("3 of the old operators"))
        #expect(
            try SwitchPlanFile.load(of: cluster.directory.file("node0"))
                == SwitchPlanFile(epoch: 1000, directory: "edited", oldLock: cluster.lock.lockHash, newLock: new))
        #expect(try change(["--to", "edited", "--at-epoch", "2000"]).status == 0)
        #expect(try SwitchPlanFile.load(of: cluster.directory.file("node0"))?.epoch == 2000)
        #expect(try lockHash("node0") == cluster.lock.lockHash.hex, "nothing is changed yet")
        #expect(try change(["--cancel"]).status == 0)
        #expect(try SwitchPlanFile.load(of: cluster.directory.file("node0")) == nil)
        #expect(try change(["--cancel"]).text.contains("nothing is planned"))
    }

    @Test("no switch at an epoch to another cluster, elsewhere, or together with another")
    func notAtEpoch() throws {
        _ = try makeEdited(nodes: 5)
        #expect(try change(["--to", "edited", "--at-epoch", "1000"]).text.contains("the lock of another cluster"))
        #expect(try change(["--to", "node1/validator_keys", "--at-epoch", "1000"]).text.contains("move"))
        for other in ["--back", "--wipe-old", "--cancel", "--forget-plan"] {
            #expect(try change(["--at-epoch", "1000", other]).text.contains("one of them at a time"))
        }
        #expect(try change(["--at-epoch", "x"]).status != 0)
        #expect(try change(["--forget-plan"]).status == 1)
        #expect(try SwitchPlanFile.load(of: cluster.directory.file("node0")) == nil)
    }

    private static let hoodiRoot = "0x212f13fc4df078b6cb7db228f1c8307566dcecf900867401a92023d7ba99cb5f"
}
