import CBlst
import SSZ

/// A point in projective coordinates, in G1 or G2: interpolation and sums are written once for both.
///
/// All operations take variable time unless said otherwise: points and coefficients here are public.
protocol CurvePoint {
    associatedtype Affine
    /// Infinity.
    init()
    init(_ point: Affine)
    var isInfinity: Bool { get }
    /// Costs a field inversion.
    var affine: Affine { get }
    mutating func double()
    mutating func add(_ other: Self)
    mutating func add(_ other: Affine)
    static func negated(_ point: Affine) -> Affine
    /// Constant time when `bits` is 255.
    func multiplied(by scalar: UnsafePointer<UInt8>, bits: Int) -> Self
    /// Sum of scalar times point. Scalars are little-endian, (bits + 7) / 8 bytes each, one after another.
    static func multiScalarSum(
        _ points: UnsafeBufferPointer<Affine>, scalars: UnsafePointer<UInt8>, bits: Int
    ) -> Self
    static func sum(_ points: UnsafeBufferPointer<Affine>) -> Self
    /// What three of it are this point of the subgroup.
    func third() -> Self
}

extension CurvePoint {
    func third() -> Self { multiplied(by: blst_fr(3).inverse.littleEndianBytes, bits: 255) }
}

extension blst_p1: CurvePoint {
    init(_ point: blst_p1_affine) {
        self.init()
        withUnsafePointer(to: point) { blst_p1_from_affine(&self, $0) }
    }

    var isInfinity: Bool { withUnsafePointer(to: self) { blst_p1_is_inf($0) } }

    var affine: blst_p1_affine {
        var affine = blst_p1_affine()
        withUnsafePointer(to: self) { blst_p1_to_affine(&affine, $0) }
        return affine
    }

    mutating func double() { withUnsafeMutablePointer(to: &self) { blst_p1_double($0, $0) } }

    mutating func add(_ other: blst_p1) {
        withUnsafeMutablePointer(to: &self) { sum in
            withUnsafePointer(to: other) { blst_p1_add_or_double(sum, sum, $0) }
        }
    }

    mutating func add(_ other: blst_p1_affine) {
        withUnsafeMutablePointer(to: &self) { sum in
            withUnsafePointer(to: other) { blst_p1_add_or_double_affine(sum, sum, $0) }
        }
    }

    static func negated(_ point: blst_p1_affine) -> blst_p1_affine {
        var point = point
        withUnsafeMutablePointer(to: &point.y) { blst_fp_cneg($0, $0, true) }
        return point
    }

    func multiplied(by scalar: UnsafePointer<UInt8>, bits: Int) -> blst_p1 {
        var product = blst_p1()
        withUnsafePointer(to: self) { blst_p1_mult(&product, $0, scalar, bits) }
        return product
    }

    static func multiScalarSum(
        _ points: UnsafeBufferPointer<blst_p1_affine>, scalars: UnsafePointer<UInt8>, bits: Int
    ) -> blst_p1 {
        var sum = blst_p1()
        withScratch(blst_p1s_mult_pippenger_scratch_sizeof(points.count)) { scratch in
            blst_p1s_mult_pippenger(
                &sum, [points.baseAddress, nil], points.count, [scalars, nil], bits, scratch)
        }
        return sum
    }

    static func sum(_ points: UnsafeBufferPointer<blst_p1_affine>) -> blst_p1 {
        var sum = blst_p1()
        if !points.isEmpty { blst_p1s_add(&sum, [points.baseAddress, nil], points.count) }
        return sum
    }
}

extension blst_p2: CurvePoint {
    init(_ point: blst_p2_affine) {
        self.init()
        withUnsafePointer(to: point) { blst_p2_from_affine(&self, $0) }
    }

    var isInfinity: Bool { withUnsafePointer(to: self) { blst_p2_is_inf($0) } }

    var affine: blst_p2_affine {
        var affine = blst_p2_affine()
        withUnsafePointer(to: self) { blst_p2_to_affine(&affine, $0) }
        return affine
    }

    mutating func double() { withUnsafeMutablePointer(to: &self) { blst_p2_double($0, $0) } }

    mutating func add(_ other: blst_p2) {
        withUnsafeMutablePointer(to: &self) { sum in
            withUnsafePointer(to: other) { blst_p2_add_or_double(sum, sum, $0) }
        }
    }

    mutating func add(_ other: blst_p2_affine) {
        withUnsafeMutablePointer(to: &self) { sum in
            withUnsafePointer(to: other) { blst_p2_add_or_double_affine(sum, sum, $0) }
        }
    }

    static func negated(_ point: blst_p2_affine) -> blst_p2_affine {
        var point = point
        withUnsafeMutablePointer(to: &point.y) { blst_fp2_cneg($0, $0, true) }
        return point
    }

    func multiplied(by scalar: UnsafePointer<UInt8>, bits: Int) -> blst_p2 {
        var product = blst_p2()
        withUnsafePointer(to: self) { blst_p2_mult(&product, $0, scalar, bits) }
        return product
    }

    static func multiScalarSum(
        _ points: UnsafeBufferPointer<blst_p2_affine>, scalars: UnsafePointer<UInt8>, bits: Int
    ) -> blst_p2 {
        var sum = blst_p2()
        withScratch(blst_p2s_mult_pippenger_scratch_sizeof(points.count)) { scratch in
            blst_p2s_mult_pippenger(
                &sum, [points.baseAddress, nil], points.count, [scalars, nil], bits, scratch)
        }
        return sum
    }

    static func sum(_ points: UnsafeBufferPointer<blst_p2_affine>) -> blst_p2 {
        var sum = blst_p2()
        if !points.isEmpty { blst_p2s_add(&sum, [points.baseAddress, nil], points.count) }
        return sum
    }

    /// Many at once, with one field inversion. Constant time. Infinity becomes all zeros.
    static func affine(_ points: [blst_p2]) -> [blst_p2_affine] {
        guard !points.isEmpty else { return [] }
        return [blst_p2_affine](unsafeUninitializedCapacity: points.count) { affine, count in
            points.withUnsafeBufferPointer {
                blst_p2s_to_affine(affine.baseAddress, [$0.baseAddress, nil], points.count)
            }
            count = points.count
        }
    }
}

// blst reads `[first, nil]` where it wants an array of pointers as "contiguous from `first`".

private func withScratch(_ byteCount: Int, _ body: (UnsafeMutablePointer<limb_t>) -> Void) {
    let scratch = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
    defer { scratch.deallocate() }
    body(scratch.bindMemory(to: limb_t.self, capacity: byteCount / MemoryLayout<limb_t>.stride))
}

extension blst_p1_affine {
    var compressed: Bytes48 {
        var bytes = [UInt8](repeating: 0, count: 48)
        withUnsafePointer(to: self) { blst_p1_affine_compress(&bytes, $0) }
        guard let exact = Bytes48(bytes) else { preconditionFailure("48 bytes are 48 bytes") }
        return exact
    }
}

extension blst_p2_affine {
    var compressed: Bytes96 {
        var bytes = [UInt8](repeating: 0, count: 96)
        withUnsafePointer(to: self) { blst_p2_affine_compress(&bytes, $0) }
        guard let exact = Bytes96(bytes) else { preconditionFailure("96 bytes are 96 bytes") }
        return exact
    }
}
