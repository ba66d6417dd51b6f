import ArgumentParser
import Cluster
import ClusterSetup

struct AlphaEdit: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "edit",
        abstract: "Change a running cluster: its operators, its key shares, or its validators.",
        discussion: """
            All operators who take part run the same command at the same time, first with --dry-run. What comes out is a \
            new directory; `switch` then puts it in the place of the node's.
            """,
        subcommands: [
            EditAddValidators.self, EditAddOperators.self, EditRemoveOperators.self, EditReplaceOperator.self,
            EditRecreatePrivateKeys.self, EditSwitch.self,
        ])
}

struct EditAddValidators: AsyncParsableCommand {
    private static let name = "add-validators"
    static let configuration = CommandConfiguration(
        commandName: name, abstract: "Make keys of further validators.",
        discussion: "Needs the deposit-data files beside the lock: the new deposits are added to them.")

    @Option(help: "Number of validators to add.") var numValidators = 1
    @Option(help: "Withdrawal addresses with checksum, comma-separated: one, or one per new validator.")
    var withdrawalAddresses: [String] = []
    @Option(help: "Fee recipients, comma-separated: one, or one per new validator.")
    var feeRecipientAddresses: [String] = []
    @Flag(help: "Without the old key shares: nobody signs the new lock, and nodes need --no-verify for it.")
    var unverified = false
    @Option(help: "Keymanager API of the validator client, which gets the new key shares.") var keymanagerAddress = ""
    @Option(help: "Its bearer token.") var keymanagerAuthToken = ""
    @OptionGroup var common: EditOptions

    static let flags = EditOptions.flags(
        [
            "num-validators", "withdrawal-addresses", "fee-recipient-addresses", "keymanager-address",
            "keymanager-auth-token",
        ], switches: ["unverified"])

    func run() async throws {
        var addition = ValidatorAddition.Request()
        addition.count = numValidators
        addition.feeRecipients = list(feeRecipientAddresses)
        addition.withdrawals = list(withdrawalAddresses)
        addition.isUnverified = unverified
        try await common.run(Self.name, .addition(addition)) { request in
            request.keymanagerAddress = keymanagerAddress
            request.keymanagerToken = keymanagerAuthToken
        }
    }
}

struct EditAddOperators: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add-operators", abstract: "Take new operators into the cluster; the threshold stays.",
        discussion: "New operators take part too, with the old lock and their own identity key, and without keystores.")

    @Option(help: "ENRs of the new operators, comma-separated, the same list on every node.")
    var newOperatorEnrs: [String] = []
    @OptionGroup var common: EditOptions

    static let flags = EditOptions.flags(["new-operator-enrs"])

    func run() async throws {
        let edit = ReshareEdit.addOperators(enrs: list(newOperatorEnrs))
        try await common.run(edit.name, .reshare(edit))
    }
}

struct EditRemoveOperators: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove-operators", abstract: "Have operators leave the cluster.",
        discussion: """
            Those who stay take part. If more leave than the cluster can spare, some who leave have to take part as well: \
            then --participating-operator-enrs names everybody who does, in the same order on every node.
            """)

    @Option(help: "ENRs of the operators who leave, comma-separated, the same list on every node.")
    var operatorEnrsToRemove: [String] = []
    @Option(help: "ENRs of all who take part, comma-separated, in the same order on every node.")
    var participatingOperatorEnrs: [String] = []
    @Option(help: "Shares needed to sign from then on; ceil(2n/3) if 0.") var newThreshold = 0
    @OptionGroup var common: EditOptions

    static let flags = EditOptions.flags([
        "operator-enrs-to-remove", "participating-operator-enrs", "new-threshold",
    ])

    func run() async throws {
        let edit = ReshareEdit.removeOperators(
            enrs: list(operatorEnrsToRemove), participating: list(participatingOperatorEnrs),
            threshold: newThreshold == 0 ? nil : newThreshold)
        try await common.run(edit.name, .reshare(edit))
    }
}

struct EditReplaceOperator: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replace-operator", abstract: "Have a new operator take the seat of one who leaves.",
        discussion: """
            All take part but the one who leaves. The new operator has the old lock and its own identity key, and no \
            keystores.
            """)

    @Option(help: "ENR of the new operator.") var newOperatorEnr = ""
    @Option(help: "ENR of the operator who leaves.") var oldOperatorEnr = ""
    @OptionGroup var common: EditOptions

    static let flags = EditOptions.flags(["new-operator-enr", "old-operator-enr"])

    func run() async throws {
        let edit = ReshareEdit.replaceOperator(old: oldOperatorEnr, new: newOperatorEnr)
        try await common.run(edit.name, .reshare(edit))
    }
}

struct EditRecreatePrivateKeys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recreate-private-keys",
        abstract: "Deal all key shares anew, for the same validators and operators.",
        discussion: "Old shares are of no use together with new ones: for when some may have leaked.")

    @OptionGroup var common: EditOptions

    static let flags = EditOptions.flags()

    func run() async throws {
        try await common.run(ReshareEdit.recreatePrivateKeys.name, .reshare(.recreatePrivateKeys))
    }
}
