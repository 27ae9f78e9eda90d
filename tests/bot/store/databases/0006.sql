BEGIN TRANSACTION;
CREATE TABLE active_checkpoint (
	id INTEGER NOT NULL, 
	checkpoint_id VARCHAR(64) NOT NULL, 
	chosen BOOLEAN NOT NULL, 
	CONSTRAINT pk_active_checkpoint PRIMARY KEY (id), 
	CONSTRAINT ck_active_checkpoint_single CHECK (id = 1), 
	CONSTRAINT fk_active_checkpoint_checkpoint_id FOREIGN KEY(checkpoint_id) REFERENCES checkpoints (id)
);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0006');
CREATE TABLE checkpoints (
	id VARCHAR(64) NOT NULL, 
	path TEXT NOT NULL, 
	metadata JSON NOT NULL, 
	registered_at DATETIME NOT NULL, parent_id VARCHAR(64), metrics JSON, promoted_at DATETIME, configured_at DATETIME, number INTEGER DEFAULT 0 NOT NULL, 
	CONSTRAINT pk_checkpoints PRIMARY KEY (id)
);
INSERT INTO "checkpoints" VALUES('c0ffee00c0ffee00','checkpoints/newmon.safetensors','{"kimg": "500"}','2026-11-28 18:04:23.566894',NULL,NULL,NULL,NULL,1);
CREATE TABLE creatures (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	code VARCHAR(16) NOT NULL, 
	owner_id BIGINT NOT NULL, 
	owner_name TEXT NOT NULL, 
	guild_id BIGINT, 
	channel_id BIGINT NOT NULL, 
	name TEXT, 
	name_key TEXT, 
	seed BIGINT, 
	seed_text TEXT, 
	psi FLOAT, 
	noise_seed BIGINT NOT NULL, 
	layers INTEGER NOT NULL, 
	checkpoint_id VARCHAR(64) NOT NULL, 
	parent_a_id INTEGER, 
	parent_b_id INTEGER, 
	recipe JSON, 
	created_at DATETIME NOT NULL, 
	shown_at DATETIME, 
	saved_at DATETIME, 
	w_plus BLOB NOT NULL, 
	png BLOB NOT NULL, favourite BOOLEAN DEFAULT 0 NOT NULL, parent_a_name TEXT, parent_b_name TEXT, w_form INTEGER DEFAULT 0 NOT NULL, 
	CONSTRAINT ck_creatures_saved_whole CHECK ((name IS NULL) = (name_key IS NULL) AND (name IS NULL) = (saved_at IS NULL)), 
	CONSTRAINT fk_creatures_checkpoint_id FOREIGN KEY(checkpoint_id) REFERENCES checkpoints (id), 
	CONSTRAINT fk_creatures_parent_a_id FOREIGN KEY(parent_a_id) REFERENCES creatures (id) ON DELETE SET NULL, 
	CONSTRAINT fk_creatures_parent_b_id FOREIGN KEY(parent_b_id) REFERENCES creatures (id) ON DELETE SET NULL, 
	CONSTRAINT uq_creatures_code UNIQUE (code)
);
INSERT INTO "creatures" VALUES(258554725883101668,'50awnpg0',101,'Ann',201,301,NULL,NULL,5,NULL,1.0,7,6,'c0ffee00c0ffee00',NULL,NULL,NULL,'2026-11-28 18:04:23.689733','2026-11-28 18:04:23.689733',NULL,X'78DA63604080A267F16E0F58FA5F7B47377EB8F3A1676698A07CB3B292E00A2BBF9C9DAB4E6BDCB8CCC9A2396BF7A315E116820EB79E1DE1DF6F7F60FF7E7BFB7D40B87FFF7E3B0700F76D1F57',X'89504E47',0,NULL,NULL,1);
INSERT INTO "creatures" VALUES(258554726697827867,'m83ahxj7',101,'Ann',201,301,'Bar','bar',4,NULL,0.85,7,6,'c0ffee00c0ffee00',NULL,NULL,NULL,'2026-11-28 18:04:23.666939','2026-11-28 18:04:23.666939','2026-11-28 18:04:23.670431',X'78DA636040805F6ECC1A8A4AA6415BAEB31F5C20FF77CB8FAD6DA95E5CE6779EADAF2A0EB21177E3FDDB73F8B2DC3146CB9DE785DAAEDA75DADBDAEDB7B7DBE7B077FFBE03F6FBF6DB0300B98A1E54',X'89504E47',1,NULL,NULL,1);
INSERT INTO "creatures" VALUES(258554727149060718,'8bkz0w60',101,'Ann',201,301,'Foar','foar',NULL,NULL,NULL,7,6,'c0ffee00c0ffee00',258554728891964212,258554726697827867,'{"take": ["colours"], "amount": 100}','2026-11-28 18:04:23.676348','2026-11-28 18:04:23.676348','2026-11-28 18:04:23.684472',X'78DA636080014606D588829F77269C3C37CF5536D2B7C9FCE22F37660D4525D3A02DD7D90F2E90FFBB25B93F6FE9B7B88C594EBB6456455F98CCFC636B5BAA1797F99D67EBAB8A836CC4DD6EBC63BBE0C99EF9A04952419FB1B56217EFDF9EC397E58E315AEE3C2FD476D5AED37E9FADDD7EEB5DFBEDEDF7EFB3DFB76FBF3D906B6FB7CF61EFFE7D07EC815C00533B3D83',X'89504E47',0,NULL,NULL,1);
INSERT INTO "creatures" VALUES(258554728891964212,'h8fxkp2n',101,'Ann',201,301,'Foo','foo',3,'Ash',0.7,7,6,'c0ffee00c0ffee00',NULL,NULL,NULL,'2026-11-28 18:04:23.648837','2026-11-28 18:04:23.648837','2026-11-28 18:04:23.658840',X'78DA63604000D588829F77269C3C37CF5536D2B7C9FC62727FDED26F7119B39C76C9AC8ABE3099F9C63BB60B9EEC990F9A2415F4195B2B76D9EFB3B5DB6FBD6BBFBDFDFE7DF6FBF6ED0700FB941F2F',X'89504E47',0,NULL,NULL,1);
CREATE TABLE retrain_jobs (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	state VARCHAR(16) NOT NULL, 
	stage VARCHAR(16) NOT NULL, 
	started_by BIGINT NOT NULL, 
	started_by_name TEXT NOT NULL, 
	guild_id BIGINT, 
	channel_id BIGINT NOT NULL, 
	message_id BIGINT, 
	kimg FLOAT NOT NULL, 
	data TEXT NOT NULL, 
	run TEXT NOT NULL, 
	attempts INTEGER NOT NULL, 
	pid INTEGER, 
	pid_started TEXT, 
	parent_id VARCHAR(64) NOT NULL, 
	result_id VARCHAR(64), 
	promoted BOOLEAN NOT NULL, 
	reason TEXT, 
	cancelled_by TEXT, 
	outcome JSON, 
	told BOOLEAN NOT NULL, 
	created_at DATETIME NOT NULL, 
	finished_at DATETIME, number INTEGER DEFAULT 0 NOT NULL, 
	CONSTRAINT fk_retrain_jobs_parent_id FOREIGN KEY(parent_id) REFERENCES checkpoints (id), 
	CONSTRAINT fk_retrain_jobs_result_id FOREIGN KEY(result_id) REFERENCES checkpoints (id)
);
CREATE UNIQUE INDEX uq_creatures_owner_name ON creatures (owner_id, name_key);
CREATE INDEX ix_creatures_guild_name ON creatures (guild_id, name_key, owner_id);
CREATE INDEX ix_creatures_latest ON creatures (owner_id, channel_id, shown_at);
CREATE INDEX ix_creatures_unsaved ON creatures (name_key, created_at);
CREATE INDEX ix_creatures_parent_a_id ON creatures (parent_a_id);
CREATE INDEX ix_creatures_parent_b_id ON creatures (parent_b_id);
CREATE INDEX ix_creatures_saved ON creatures (owner_id, saved_at, id, guild_id);
CREATE INDEX ix_creatures_favourite ON creatures (owner_id, favourite, saved_at, id, guild_id);
CREATE UNIQUE INDEX uq_retrain_jobs_running ON retrain_jobs (state) WHERE state = 'running';
CREATE INDEX ix_creatures_checkpoint ON creatures (checkpoint_id, name_key);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('creatures',258554728891964212);
COMMIT;
