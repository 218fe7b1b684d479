;; traps: a load beyond the memory, its address wrapped around by its offset
;; attacks: none
;; says: out of bounds
(module
  (@custom "wagather.manifest" "gatherer 1 load-out-of-bounds 0\n")
  (memory (export "memory") 1)
  (func (export "gather") (result i32) (i32.load offset=0xffffffff (i32.const 4))))
