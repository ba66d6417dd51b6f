import BLS
import SSZ

extension Field {
    /// 32 bytes, big-endian, below the group order.
    func scalar(_ name: String) throws(WireFault) -> Scalar {
        let bytes: Bytes32 = try fixedBytes(name)
        do { return try Scalar(bytes) } catch { throw .notOnGroup(field: name) }
    }

    /// As above, and not zero.
    func secret(_ name: String) throws(WireFault) -> SecretKey {
        let bytes = try body(name)
        guard bytes.count == SecretKey.byteCount else {
            throw .length(field: name, expected: SecretKey.byteCount, actual: bytes.count)
        }
        do { return try SecretKey(bytes: bytes) } catch { throw .notOnGroup(field: name) }
    }

    /// 48 bytes, compressed, in the subgroup, not infinity: about 70 µs.
    func point(_ name: String) throws(WireFault) -> BLS.PublicKey {
        let bytes: Bytes48 = try fixedBytes(name)
        do { return try BLS.PublicKey(bytes) } catch { throw .notOnGroup(field: name) }
    }
}
