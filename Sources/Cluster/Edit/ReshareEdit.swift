/// A change of a cluster's operators or of their key shares, under the names of its flags. Validators and their keys
/// stay. Source: spec/cli-create.md §11, spec/dkg.md §9.
package enum ReshareEdit: Equatable, Sendable {
    case recreatePrivateKeys
    /// - Parameter enrs: of the new operators, in the order of their indexes.
    case addOperators(enrs: [String])
    /// - Parameters:
    ///   - enrs: who leaves.
    ///   - participating: who takes part, those among them who leave too, in the order of the ceremony. Empty: all who
    ///     stay.
    ///   - threshold: the new one; nil for ceil(2n/3).
    case removeOperators(enrs: [String], participating: [String], threshold: Int?)
    case replaceOperator(old: String, new: String)

    /// The command's name.
    package var name: String {
        switch self {
        case .recreatePrivateKeys: "recreate-private-keys"
        case .addOperators: "add-operators"
        case .removeOperators: "remove-operators"
        case .replaceOperator: "replace-operator"
        }
    }

    /// Flags that name node records.
    enum Flag {
        static let new = "--new-operator-enrs"
        static let removed = "--operator-enrs-to-remove"
        static let participating = "--participating-operator-enrs"
        static let threshold = "--new-threshold"
        static let replaced = "--old-operator-enr"
        static let replacement = "--new-operator-enr"
        static let identity = "--private-key-file"
        static let keys = "--validator-keys-dir"
    }
}
