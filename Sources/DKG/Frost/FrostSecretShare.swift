import BLS

/// The value of a participant's polynomial at another's share index: for that one alone. Source: spec/dkg.md §5.3.
package struct FrostSecretShare: Sendable {
    /// Where the polynomial was taken: the receiver's share index.
    package let id: Int
    package let value: SecretKey

    package init(id: Int, value: SecretKey) {
        self.id = id
        self.value = value
    }
}
