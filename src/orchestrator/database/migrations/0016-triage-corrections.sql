-- What people said of templates: it holds on every server, for as long as they don't take it back.
CREATE TABLE triage_corrections (
  template  varchar(16) COLLATE "C" PRIMARY KEY,
  text      varchar(2000) NOT NULL, -- as it was when it was marked
  mark      varchar(10) NOT NULL CHECK (mark IN ('alert', 'ordinary')),
  note      varchar(500),
  marked_by varchar(100) NOT NULL,
  marked_at timestamptz NOT NULL
);

-- mark-template: what is open of a template that was marked as ordinary.
CREATE INDEX alerts_template ON alerts ((detail ->> 'template')) WHERE state <> 'resolved' AND detail ? 'template';
