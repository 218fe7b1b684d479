;; What takes the place of instructions that wasm3 has not got, or gets wrong. Those that ask for the memory's size do so first,
;; while wasm3 keeps nothing else in a register, and trap as a load out of bounds does, before they have written anything. No
;; memory has so many pages that it could grow by 65536.
(module (memory 1)
 (func $size (result i32) (memory.size))
 (func $grow (param $pages i32) (result i32)
  (if (i32.gt_u (local.get $pages) (i32.const 65535)) (then (return (i32.const -1))))
  (memory.grow (local.get $pages)))
 (func $copy (param $to i32) (param $from i32) (param $len i32) (local $end i64)
  (local.set $end (i64.shl (i64.extend_i32_u (memory.size)) (i64.const 16)))
  (if (i64.gt_u (i64.add (i64.extend_i32_u (local.get $to)) (i64.extend_i32_u (local.get $len))) (local.get $end))
   (then (drop (i32.load8_u offset=0xffffffff (i32.const -1)))))
  (if (i64.gt_u (i64.add (i64.extend_i32_u (local.get $from)) (i64.extend_i32_u (local.get $len))) (local.get $end))
   (then (drop (i32.load8_u offset=0xffffffff (i32.const -1)))))
  (if (i32.le_u (local.get $to) (local.get $from))
   (then
    (block $short (loop $words
     (br_if $short (i32.lt_u (local.get $len) (i32.const 8)))
     (i64.store (local.get $to) (i64.load (local.get $from)))
     (local.set $to (i32.add (local.get $to) (i32.const 8)))
     (local.set $from (i32.add (local.get $from) (i32.const 8)))
     (local.set $len (i32.sub (local.get $len) (i32.const 8)))
     (br $words)))
    (block $done (loop $bytes
     (br_if $done (i32.eqz (local.get $len)))
     (i32.store8 (local.get $to) (i32.load8_u (local.get $from)))
     (local.set $to (i32.add (local.get $to) (i32.const 1)))
     (local.set $from (i32.add (local.get $from) (i32.const 1)))
     (local.set $len (i32.sub (local.get $len) (i32.const 1)))
     (br $bytes))))
   (else
    (block $short (loop $words
     (br_if $short (i32.lt_u (local.get $len) (i32.const 8)))
     (local.set $len (i32.sub (local.get $len) (i32.const 8)))
     (i64.store (i32.add (local.get $to) (local.get $len)) (i64.load (i32.add (local.get $from) (local.get $len))))
     (br $words)))
    (block $done (loop $bytes
     (br_if $done (i32.eqz (local.get $len)))
     (local.set $len (i32.sub (local.get $len) (i32.const 1)))
     (i32.store8 (i32.add (local.get $to) (local.get $len)) (i32.load8_u (i32.add (local.get $from) (local.get $len))))
     (br $bytes))))))
 (func $fill (param $to i32) (param $byte i32) (param $len i32) (local $word i64)
  (local.set $word (i64.shl (i64.extend_i32_u (memory.size)) (i64.const 16)))
  (if (i64.gt_u (i64.add (i64.extend_i32_u (local.get $to)) (i64.extend_i32_u (local.get $len))) (local.get $word))
   (then (drop (i32.load8_u offset=0xffffffff (i32.const -1)))))
  (local.set $word (i64.mul (i64.extend_i32_u (i32.and (local.get $byte) (i32.const 255))) (i64.const 0x0101010101010101)))
  (block $short (loop $words
   (br_if $short (i32.lt_u (local.get $len) (i32.const 8)))
   (i64.store (local.get $to) (local.get $word))
   (local.set $to (i32.add (local.get $to) (i32.const 8)))
   (local.set $len (i32.sub (local.get $len) (i32.const 8)))
   (br $words)))
  (block $done (loop $bytes
   (br_if $done (i32.eqz (local.get $len)))
   (i32.store8 (local.get $to) (local.get $byte))
   (local.set $to (i32.add (local.get $to) (i32.const 1)))
   (local.set $len (i32.sub (local.get $len) (i32.const 1)))
   (br $bytes)))))
