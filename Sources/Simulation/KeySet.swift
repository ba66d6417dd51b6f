/// One of the two sets of key shares of the same validators, around a switch.
package enum KeySet: Hashable, Sendable {
    case old
    case new
}
