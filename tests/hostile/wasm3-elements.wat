;; returns 0: a table that is filled from the back and by a segment of nothing, neither of which wasm3 itself could load
;; attacks: none
(module
  (@custom "wagather.manifest" "gatherer 1 wasm3-elements 0\n")
  (memory (export "memory") 1)
  (type $number (func (result i32)))
  (table 4 funcref)
  (elem (i32.const 3) $three)
  (elem (i32.const 1) $one)
  (elem (i32.const 2))
  (func $one (result i32) (i32.const 1))
  (func $three (result i32) (i32.const 3))
  (func (export "gather") (result i32)
    (i32.sub
      (i32.add (call_indirect (type $number) (i32.const 1)) (call_indirect (type $number) (i32.const 3)))
      (i32.const 4))))
